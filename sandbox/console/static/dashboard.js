// The dashboard, live: a change is saved as it is made, and the page stays as the world is.
//
// The page is asked for whole, as a browser without scripts would, and the pieces that differ take their new places.

import { tellRunning } from "./running.js";

const QUIET = 400; // milliseconds without an exchange, after which the state is asked for
const NOW = new Set(["checkbox", "select-one"]); // controls whose every change is meant

const main = document.getElementById("main");
const jump = { block: "nearest" };
let wanted = 0;
let lost = false;

function pieces(page) {
  return page.querySelectorAll("[data-piece]");
}

function show(text, sender) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const held = document.activeElement;
  for (const old of pieces(document)) {
    const now = fresh.getElementById(old.id);
    if (!now || old.isEqualNode(now)) continue;
    if (old.id === "said" && !sender && !lost) continue; // what was done is said until something else is
    const isHere = old.contains(held);
    if (isHere && !old.contains(sender) && held.matches("input, select, textarea")) continue; // somebody types there
    const again = isHere && held.id ? held.id : null;
    old.replaceWith(now);
    prepare(now);
    if (isHere) {
      now.tabIndex = -1; // where a button was that is gone
      (document.getElementById(again) ?? now.querySelector("input:not([type=hidden]), select, textarea") ?? now).focus(jump);
    }
  }
}

async function ask(url, options, sender) {
  try {
    const answer = await fetch(url, options);
    show(await answer.text(), sender);
    lost = false;
  } catch {
    lost = true;
    document.getElementById("said").textContent = "The sandbox does not answer. Is it still running?";
  }
}

main.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) }, form);
});

main.addEventListener("change", (event) => {
  if (event.target.form?.matches(".setting") && NOW.has(event.target.type)) event.target.form.requestSubmit();
});

// A text is saved by Enter or its button, which shows itself once there is something to save.
main.addEventListener("input", (event) => event.target.form?.querySelector(".save")?.classList.add("wanted"));

function prepare(piece) {
  for (const control of piece.querySelectorAll(".control")) {
    const own = control.querySelector("input, select, textarea");
    if (own && NOW.has(own.type)) control.querySelector(".save").hidden = true;
    else control.classList.add("quietly");
  }
}

function later() {
  clearTimeout(wanted);
  wanted = setTimeout(() => document.hidden || ask(location.pathname), QUIET);
}

prepare(main);
const stream = new EventSource("/api/events");
stream.addEventListener("exchange", later);
stream.addEventListener("open", later);
document.addEventListener("visibilitychange", later);
stream.addEventListener("scenario", (event) => {
  tellRunning(JSON.parse(event.data));
  later();
});
