// The flow, as it happens: a row for each exchange, an arrow from who asks to who answers.
//
// Whatever an exchange or a finding holds is text here, never markup.

import { element } from "./elements.js";
import { details, nameOf } from "./exchange.js";
import { forgetFindings, tellFindings } from "./findings.js";
import { tellOwn } from "./own.js";
import { tellRunning } from "./running.js";

const MOST = 5000; // rows; older ones leave the page, so that it does not grow
const QUIET = [250, 5_000, 20_000, 60_000, 200_000]; // milliseconds without an exchange, after which findings are asked for

const FRAME = 16; // milliseconds in which exchanges are gathered, as a layout for each would be slow

const list = document.getElementById("exchanges");
const detail = document.getElementById("detail");
const empty = document.getElementById("empty");
const count = document.getElementById("count");
const client = document.getElementById("client");
const meaning = Object.fromEntries(
  [...document.getElementById("steps").content.querySelectorAll("[data-step]")].map((one) => [one.dataset.step, one.textContent]),
);

const rows = new Map(); // by number, the row and its exchange
let newest = 0;
let chosen = null;
let wanted = 0;

// --- rows ---

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

function statusOf(exchange) {
  if (exchange.ended === "open") return `${exchange.status} open`;
  if (BROKEN.has(exchange.ended)) return exchange.ended;
  return String(exchange.status);
}

function row(exchange) {
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

function place(exchange) {
  const known = rows.get(exchange.number);
  if (known && known.exchange.at !== exchange.at) clear();
  const item = row(exchange);
  if (rows.has(exchange.number)) {
    rows.get(exchange.number).item.replaceWith(item);
  } else if (exchange.number > newest) {
    return { item, exchange, where: null };
  } else {
    const after = [...rows.keys()].filter((number) => number > exchange.number).sort((one, other) => one - other)[0];
    list.insertBefore(item, after === undefined ? null : rows.get(after).item);
  }
  rows.set(exchange.number, { item, exchange });
  return null;
}

function add(exchanges, follows) {
  const piece = document.createDocumentFragment();
  const fresh = [];
  // They come as they end, and stand as they began.
  for (const exchange of exchanges.sort((one, other) => one.number - other.number)) {
    const placed = place(exchange);
    if (!placed) continue;
    newest = exchange.number;
    rows.set(exchange.number, placed);
    piece.append(placed.item);
    fresh.push(placed.item);
  }
  const atEnd = innerHeight + scrollY >= document.body.scrollHeight - 120;
  list.append(piece);
  for (const number of rows.keys()) {
    if (rows.size <= MOST) break;
    rows.get(number).item.remove();
    rows.delete(number);
  }
  empty.hidden = rows.size > 0;
  count.textContent = `${rows.size} exchange${rows.size === 1 ? "" : "s"}`;
  if (chosen !== null && rows.has(chosen)) show(chosen);
  if (follows && atEnd && fresh.length && detail.hidden && rows.size > 12) fresh.at(-1).scrollIntoView({ block: "end" });
  ask();
}

function clear() {
  rows.clear();
  newest = 0;
  list.replaceChildren();
  forgetFindings();
  close();
}

// --- one of them ---

function choose(number) {
  if (chosen === number) {
    close();
    return;
  }
  show(number);
  detail.focus({ preventScroll: true });
}

function go(number) {
  rows.get(number)?.item.scrollIntoView({ block: "center" });
  if (rows.has(number) && chosen !== number) choose(number);
}

function show(number) {
  list.querySelector('[aria-expanded="true"]')?.removeAttribute("aria-expanded");
  chosen = number;
  const { item, exchange } = rows.get(number);
  item.firstChild.setAttribute("aria-expanded", "true");
  detail.replaceChildren(...details(exchange, { element, meaning, close, status: statusOf(exchange), all: [...rows.values()].map((each) => each.exchange) }));
  detail.hidden = false;
}

function close() {
  const button = chosen !== null ? rows.get(chosen)?.item.firstChild : null;
  button?.removeAttribute("aria-expanded");
  chosen = null;
  detail.hidden = true;
  detail.replaceChildren();
  button?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen !== null) close();
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest?.("#exchanges")) {
    const step = event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
    let next = event.target.closest("li")[step];
    while (next && (next.hidden || !next.matches(".exchange"))) next = next[step];
    next?.firstChild.focus();
    if (next && chosen !== null) show(Number(next.dataset.number));
    event.preventDefault();
  }
});

// --- what is wrong, and whose exchanges these are ---

function ask(turn = 0) {
  clearTimeout(wanted);
  if (turn === QUIET.length) return;
  wanted = setTimeout(async () => {
    try {
      const [found, told] = await Promise.all(["/api/findings?so_far=1", "/api/clients"].map((url) => fetch(url).then((answer) => answer.json())));
      tellFindings(found.findings, rows, go);
      nameClients(told.clients);
      ask(turn + 1);
    } catch {
      // The stream says when the sandbox is there again.
    }
  }, QUIET[turn] - (QUIET[turn - 1] ?? 0));
}

function nameClients(clients) {
  const before = client.value;
  client.parentElement.hidden = clients.length < 2;
  client.replaceChildren(element("option", "all", { value: "" }));
  clients.forEach((one, at) => client.append(element("option", one.name || `client ${at + 1}`, { value: String(at) })));
  client.value = before && Number(before) < clients.length ? before : "";
  filter = client.value === "" ? null : new Set(clients[Number(client.value)].exchanges);
  told = clients;
  sift();
}

let filter = null;
let told = [];
function sift() {
  for (const [number, { item }] of rows) item.hidden = filter !== null && !filter.has(number);
}
client.addEventListener("change", () => nameClients(told));

// --- as it happens ---

let written = true; // whether the rows are those that came with the page
const come = []; // exchanges that are not on the page yet
let ready = Promise.resolve(); // when what happened before is there

async function catchUp() {
  const since = newest;
  const answer = await fetch(`/api/trace?format=json&since=${since}`);
  const { exchanges } = await answer.json();
  if (written) list.replaceChildren();
  written = false;
  add(exchanges, false);
}

function listen() {
  const stream = new EventSource("/api/events");
  stream.addEventListener("open", () => {
    ready = catchUp().catch(() => {});
    document.dispatchEvent(new CustomEvent("sandbox:open"));
  });
  stream.addEventListener("hold", (event) => {
    document.dispatchEvent(new CustomEvent("sandbox:hold", { detail: JSON.parse(event.data) }));
  });
  stream.addEventListener("exchange", (event) => {
    if (come.push(JSON.parse(event.data)) === 1) setTimeout(() => ready.then(() => add(come.splice(0), true)), FRAME);
  });
  stream.addEventListener("finding", () => ask());
  stream.addEventListener("client", (event) => tellOwn(JSON.parse(event.data)));
  stream.addEventListener("scenario", (event) => {
    const said = JSON.parse(event.data);
    tellRunning(said);
    if (!said.begun) {
      ask();
      return;
    }
    come.length = 0;
    ready = ready.then(clear).then(catchUp).catch(() => {});
  });
}

listen();
