// While nobody answers: a line says so, and what acts on the sandbox waits, as a click would lose the page.

import { hear } from "./stream.js";

const line = document.getElementById("gone");
const ACTS = 'form[method="post"] :is(button, select, input[type="checkbox"]), .teach :is(#next, #free, input)';
let waiting = []; // what was stopped, as it was
let held = null; // what of it had the keyboard

hear("gone", () => {
  if (line.textContent) return;
  line.textContent = "The sandbox does not answer; this page is as it was.";
  waiting = [...document.querySelectorAll(ACTS)].filter((each) => !each.disabled);
  held = waiting.find((each) => each === document.activeElement);
  for (const each of waiting) each.disabled = true;
});

hear("open", () => {
  line.textContent = "";
  for (const each of waiting) each.disabled = false;
  if (document.activeElement === document.body) held?.focus({ preventScroll: true });
  waiting = [];
  held = null;
});
