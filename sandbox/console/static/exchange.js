// One exchange, whole: what was asked, what came, and what its tokens say.

import { diff } from "./diff.js";

const LONG = 64;
const NAMES = { workos: "WorkOS" };

export const nameOf = (who) => NAMES[who] ?? who;

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function headers(rows, element) {
  const table = element("table");
  for (const [name, value] of rows) {
    const line = element("tr");
    line.append(element("th", name, { scope: "row" }), element("td", value));
    table.append(line);
  }
  return table;
}

function part(title, rows, body, element) {
  const section = element("section");
  section.append(element("h3", title));
  if (rows.length) section.append(headers(rows, element));
  if (body) section.append(element("pre", pretty(body), { tabindex: "0" }));
  return section;
}

// What a token is called where it stands: access_token, id_token.
function kindOf(mark, exchange) {
  const texts = [...exchange.request_headers, ...exchange.response_headers].map(([, value]) => value);
  texts.push(exchange.url, exchange.request_body, exchange.response_body);
  const found = texts.map((text) => text.match(/‹(\w+) (\w+)›/g) ?? []).flat().find((each) => each.endsWith(` ${mark}›`));
  return found?.slice(1).split(" ")[0] ?? "secret";
}

// What a claim is held against: the times against the moment of the exchange, the rest against the documents of the flow;
// an id_token is for the client (OpenID Connect Core, section 2). An app's sessions are of no document's.
function checks(kind, claims, exchange, all) {
  const documents = (step) => all.filter((one) => one.step === step && one.status === 200).map((one) => parsed(one.response_body)).filter(Boolean);
  const issuers = [...new Set(documents("server-metadata").map((one) => one.issuer))];
  const resources = [...new Set(documents("resource-metadata").map((one) => one.resource))];
  const said = [];
  const time = (name, good, words) => {
    if (typeof claims[name] !== "number") return;
    const off = Math.round(claims[name] - exchange.at);
    said.push({ good: good(off), text: `${name}: ${words(Math.abs(off), off)}` });
  };
  time("exp", (off) => off > 0, (seconds, off) => (off > 0 ? `good for ${seconds} s more` : `over since ${seconds} s`));
  time("nbf", (off) => off <= 30, (seconds, off) => (off <= 0 ? `good since ${seconds} s` : `good only in ${seconds} s`));
  const held = (name, meant, what) => {
    if (claims[name] === undefined || !meant.length || exchange.step === "api") return;
    const good = [claims[name]].flat().some((each) => meant.includes(each));
    said.push({ good, text: `${name}: ${good ? what : `not ${meant.join(" or ")}`}` });
  };
  held("iss", issuers, "the issuer of the metadata");
  if (kind.startsWith("id_token")) held("aud", [exchange.client_id].filter(Boolean), "the client");
  else held("aud", resources, "the resource of the metadata");
  return said;
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

export function details(exchange, { element, meaning, close, status, all }) {
  const head = element("header");
  const shut = element("button", "Close", { type: "button", class: "close" });
  shut.addEventListener("click", close);
  head.append(element("p", `${exchange.step}: ${meaning[exchange.step] ?? ""}`, { class: "quiet" }), element("h2", `${exchange.method} ${exchange.url}`), shut);
  const facts = element("p", `${nameOf(exchange.asker)} → ${nameOf(exchange.system)} · ${status} · ${(exchange.seconds * 1000).toFixed(1)} ms · number ${exchange.number}`, { class: "quiet" });
  const parts = [head, facts];
  for (const fault of exchange.faults) parts.push(element("p", `✗ The sandbox edited this answer: ${fault}`, { class: "fault" }));
  if (exchange.healthy) parts.push(diff(exchange, pretty, element));
  parts.push(part("Request", exchange.request_headers, exchange.request_body, element));
  parts.push(part("Response", exchange.response_headers, exchange.response_body, element));
  for (const [mark, claims] of Object.entries(exchange.held)) {
    const section = element("section");
    const kind = kindOf(mark, exchange);
    section.append(element("h3", `What the ${kind} ${mark.slice(0, LONG)} says`));
    for (const { good, text } of checks(kind, claims.claims ?? claims, exchange, all)) {
      section.append(element("p", `${good ? "✓" : "✗"} ${text}`, { class: `check ${good ? "good" : "bad"}` }));
    }
    section.append(element("pre", JSON.stringify(claims, null, 2), { tabindex: "0" }));
    parts.push(section);
  }
  return parts;
}
