// A row of the flow: an exchange's step, an arrow from who asks to who answers, and how it ended.
//
// Whatever an exchange holds is text here, never markup.

import { element } from "./elements.js";
import { nameOf } from "./exchange.js";

const BROKEN = new Set(["cut", "dropped", "unanswered", "unasked"]);

function state(exchange) {
  if (exchange.ended === "open") return "open";
  if (BROKEN.has(exchange.ended) || exchange.status === null) return "bad";
  if (exchange.status < 400) return "good";
  return exchange.step === "challenge" && exchange.status === 401 ? "asks" : "bad";
}

function path(url) {
  try {
    return new URL(url).pathname;
  } catch {
    return url;
  }
}

function labelOf(exchange) {
  const what = exchange.mcp_methods.length ? exchange.mcp_methods.join(", ") : path(exchange.url);
  return `${exchange.method} ${what}`.trim() || "gave up the connection";
}

export function statusOf(exchange) {
  if (exchange.ended === "open") return `${exchange.status} open`;
  if (BROKEN.has(exchange.ended)) return exchange.ended;
  return String(exchange.status);
}

export function row(exchange, meaning, choose) {
  const item = element("li", undefined, { class: "exchange", id: `exchange-${exchange.number}`, "data-state": state(exchange), "data-number": exchange.number });
  const button = element("button", undefined, { type: "button", class: "row" });
  const arrow = element("span", undefined, { class: "arrow", "data-from": exchange.asker, "data-to": exchange.system });
  arrow.append(element("span", labelOf(exchange), { class: "label" }));
  const lanes = element("span", undefined, { class: "lanes" });
  lanes.append(arrow);
  if (exchange.faults.length) lanes.append(element("span", `✗ ${exchange.faults.join(" · ")}`, { class: "note fault" }));
  const end = element("span", undefined, { class: "end" });
  end.append(
    element("span", statusOf(exchange), { class: "status" }),
    element("span", `${Math.round(exchange.seconds * 1000)} ms`, { class: "time" }),
  );
  const who = element("span", `: ${nameOf(exchange.asker)} asks ${nameOf(exchange.system)}, `, { class: "unseen" });
  button.append(element("span", exchange.step, { class: "step", title: meaning[exchange.step] ?? "" }), who, lanes, end);
  item.append(button);
  button.addEventListener("click", () => choose(exchange.number));
  return item;
}
