// The dashboard, live: a change is saved as it is made, and the page stays as the world is.

import { place, renew } from "./pieces.js";
import { hear } from "./stream.js";

const QUIET = 400; // milliseconds without an exchange, after which the state is asked for
const NOW = new Set(["checkbox", "select-one"]); // controls whose every change is meant

const main = document.getElementById("main");
let wanted = 0;

main.addEventListener("submit", async (event) => {
  event.preventDefault();
  const sender = event.target;
  try {
    const answer = await fetch(sender.action, { method: "POST", body: new URLSearchParams(new FormData(sender, event.submitter)) });
    place(await answer.text(), { sender, prepare });
  } catch {
    document.getElementById("said").textContent = "The sandbox does not answer, and nothing was changed. Is it still running?";
  }
});

main.addEventListener("change", (event) => {
  if (event.target.form?.matches(".setting") && NOW.has(event.target.type)) event.target.form.requestSubmit();
});

// A text is saved by Enter or its button, which shows itself once there is something to save.
main.addEventListener("input", (event) => {
  if (!NOW.has(event.target.type)) event.target.form?.querySelector(".save")?.classList.add("wanted");
});

function prepare(piece) {
  for (const control of piece.querySelectorAll(".control")) {
    const own = control.querySelector("input, select, textarea");
    if (own && NOW.has(own.type)) control.querySelector(".save").hidden = true;
    else control.classList.add("quietly");
  }
}

function later() {
  clearTimeout(wanted);
  wanted = setTimeout(() => renew({ prepare }), QUIET);
}

prepare(main);
for (const name of ["exchange", "scenario"]) hear(name, later);
