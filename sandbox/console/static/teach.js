// For a class: hold the flow before a step and let it go on; keep the verdict back, and give it hint by hint.
//
// What a client sends is text here, never markup.

import { nameOf } from "./exchange.js";
import { hear } from "./stream.js";

const root = document.documentElement;
const boxes = [...document.querySelectorAll('#hold [name="before"]')];
const holding = document.getElementById("holding");
const standing = document.getElementById("standing");
const next = document.getElementById("next");
const free = document.getElementById("free");

async function post(path, body) {
  await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function line(exchange) {
  const made = document.createElement("p");
  const step = document.createElement("code");
  step.textContent = exchange.step;
  const what = exchange.mcp_methods.join(", ") || exchange.url;
  made.append("Held before ", step, `: ${nameOf(exchange.asker)} asks ${nameOf(exchange.system)}, ${exchange.method} ${what}`);
  return made;
}

function show({ before, held }) {
  for (const box of boxes) box.checked = before.includes(box.value);
  holding.textContent = before.length ? `before ${before.join(", ")}` : "nothing is held";
  standing.replaceChildren(...held.map(line));
  next.hidden = free.hidden = before.length === 0;
  next.disabled = held.length === 0;
}

for (const box of boxes) {
  box.addEventListener("change", () => post("/api/hold", { before: boxes.filter((one) => one.checked).map((one) => one.value) }));
}
next.addEventListener("click", () => post("/api/step", {}));
free.addEventListener("click", () => post("/api/hold", { before: [] }));
hear("hold", show);

// --- the verdict: 0 hides all of it, and each hint shows more; without the attribute all is shown ---

const HINTS = ["Where does it break?", "What is wrong?", "Show all of it"];
const verdict = document.getElementById("verdict");
const hint = document.getElementById("hint");

function keep(level) {
  if (level === null) delete root.dataset.verdict;
  else root.dataset.verdict = level;
  try {
    if (level === null) localStorage.removeItem("verdict");
    else localStorage.setItem("verdict", level);
  } catch {
    // It holds for this page alone.
  }
  tell();
}

function tell() {
  const level = root.dataset.verdict;
  verdict.setAttribute("aria-pressed", String(level !== undefined));
  hint.hidden = level === undefined;
  if (level !== undefined) hint.textContent = HINTS[Number(level)] ?? HINTS[0];
}

verdict.addEventListener("click", () => keep(root.dataset.verdict === undefined ? "0" : null));
hint.addEventListener("click", () => keep(root.dataset.verdict === "2" ? null : String(Number(root.dataset.verdict) + 1)));

tell();
