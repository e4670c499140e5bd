// The flow, as it happens: the exchanges of the run, one of them whole, and what is wrong.

import { element, shown } from "./elements.js";
import { details } from "./exchange.js";
import { forgetFindings, tellFindings } from "./findings.js";
import { row, statusOf } from "./row.js";
import { hear } from "./stream.js";

const MOST = 5000; // rows; older ones leave the page, so that it does not grow
const QUIET = [250, 5_000, 20_000, 60_000, 200_000]; // milliseconds without an exchange, after which findings are asked for
const FRAME = 16; // milliseconds in which exchanges are gathered, as a layout for each would be slow
const AGAIN = 1_000; // milliseconds after which a trace that did not come is asked for again

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
let gone = 0; // the newest that left the page
let chosen = null;
let wanted = 0;

// --- rows ---

function place(exchange) {
  const known = rows.get(exchange.number);
  if (known && known.exchange.ended === exchange.ended) return null;
  const item = row(exchange, meaning, choose);
  if (known) {
    known.item.replaceWith(item);
  } else if (exchange.number > newest) {
    return item;
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
    const item = place(exchange);
    if (!item) continue;
    newest = exchange.number;
    rows.set(exchange.number, { item, exchange });
    piece.append(item);
    fresh.push(item);
  }
  const atEnd = innerHeight + scrollY >= document.body.scrollHeight - 120;
  list.append(piece);
  for (const number of rows.keys()) {
    if (rows.size <= MOST) break;
    rows.get(number).item.remove();
    rows.delete(number);
    gone = Math.max(gone, number);
  }
  if (filter) sift();
  else tellCount();
  if (exchanges.some((each) => each.number === chosen) && rows.has(chosen)) show(chosen);
  if (follows && atEnd && fresh.length && detail.hidden && rows.size > 12) fresh.at(-1).scrollIntoView({ block: "end" });
  ask();
}

function tellCount() {
  const all = `${rows.size} exchange${rows.size === 1 ? "" : "s"}`;
  const theirs = filter && [...rows.keys()].filter((number) => filter.has(number)).length;
  empty.hidden = rows.size > 0;
  count.textContent = filter ? `${theirs} of ${all}` : all;
}

function clear() {
  rows.clear();
  newest = gone = 0;
  list.replaceChildren();
  forgetFindings();
  nameClients([]);
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
  const isHere = detail.contains(document.activeElement);
  const { item, exchange } = rows.get(number);
  list.querySelector('[aria-expanded="true"]')?.removeAttribute("aria-expanded");
  item.firstChild.setAttribute("aria-expanded", "true");
  detail.replaceChildren(...details(exchange, { element, meaning, close, status: statusOf(exchange), all: [...rows.values()].map((each) => each.exchange) }));
  detail.hidden = false;
  if (number !== chosen) detail.scrollTop = 0;
  chosen = number;
  if (isHere) detail.focus({ preventScroll: true });
}

function close() {
  const button = chosen !== null ? rows.get(chosen)?.item.firstChild : null;
  button?.removeAttribute("aria-expanded");
  chosen = null;
  detail.hidden = true;
  detail.replaceChildren();
  button?.focus({ preventScroll: true });
}

// The row that an arrow leads to, past those that are not shown.
function beside(item, step) {
  let next = item?.[step];
  while (next && (next.hidden || !next.matches(".exchange"))) next = next[step];
  return next;
}

const STEP = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" };

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen !== null) close();
  if (!(event.key in STEP) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const here = event.target.closest?.("#exchanges li");
  const isPanel = detail.contains(event.target) && event.target.localName !== "pre"; // a body is read, and scrolls
  if (!here && !isPanel) return;
  const next = beside(here ?? rows.get(chosen)?.item, STEP[event.key]);
  if (next && here) next.firstChild.focus();
  if (next && chosen !== null) show(Number(next.dataset.number));
  if (next && isPanel) next.scrollIntoView({ block: "nearest" });
  event.preventDefault();
});

// --- what is wrong, and whose exchanges these are ---

function ask(turn = 0) {
  clearTimeout(wanted);
  if (turn === QUIET.length) return;
  wanted = setTimeout(async () => {
    const of = run;
    try {
      const [found, told] = await Promise.all(["/api/findings?so_far=1", "/api/clients"].map((url) => fetch(url).then((answer) => answer.json())));
      if (of !== run) return;
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
  clients.forEach((one, at) => client.append(element("option", shown(one.name) || `client ${at + 1}`, { value: String(at) })));
  client.value = before && Number(before) < clients.length ? before : "";
  filter = client.value === "" ? null : new Set(clients[Number(client.value)].exchanges);
  told = clients;
  sift();
}

let filter = null;
let told = [];
function sift() {
  for (const [number, { item }] of rows) item.hidden = filter !== null && !filter.has(number);
  tellCount();
}
client.addEventListener("change", () => nameClients(told));

// --- as it happens ---

let run = null; // whose rows these are
let isBehind = true; // whether a stream has just begun, and something may have happened before
let written = true; // whether the rows are those that came with the page
const come = []; // exchanges that are not on the page yet
let ready = Promise.resolve(); // when what happened before is there
let asked = 0; // how often it was asked for

// The exchange up to which nothing is missing, and nothing goes on.
function complete() {
  let number = gone;
  while (rows.has(number + 1) && rows.get(number + 1).exchange.ended !== "open") number += 1;
  return number;
}

// The exchanges since a number, or null where they do not come.
async function since(number) {
  try {
    const answer = await fetch(`/api/trace?format=json&since=${number}`);
    return answer.ok ? (await answer.json()).exchanges : null;
  } catch {
    return null;
  }
}

async function catchUp() {
  asked += 1;
  const mine = asked;
  let exchanges = null;
  while ((exchanges = await since(complete())) === null && mine === asked) {
    await new Promise((then) => setTimeout(then, AGAIN));
  }
  if (mine !== asked) return; // the stream has ended, or another run begun
  if (written) list.replaceChildren();
  written = false;
  add(exchanges, false);
}

hear("gone", () => {
  asked += 1;
  come.length = 0;
  clearTimeout(wanted);
});
hear("open", () => (isBehind = true));
hear("scenario", (said) => {
  const isAnother = run !== null && said.run !== run;
  run = said.run;
  if (isAnother) {
    come.length = 0;
    clear();
  }
  if (isAnother || isBehind) ready = catchUp();
  else ask();
  isBehind = false;
});
hear("exchange", (exchange) => {
  if (come.push(exchange) === 1) setTimeout(() => ready.then(() => add(come.splice(0), true)), FRAME);
});
hear("finding", () => ask());
