// Checks as they are met, what the client says, and which lessons are done. The last is kept in this browser: it is the
// person's who learns, while the sandbox may be shared by a class and begins anew between two of them.

import { hear } from "./stream.js";

const key = (name) => `lesson:${name}`;

function isDone(name) {
  try {
    return localStorage.getItem(key(name)) === "done";
  } catch {
    return false;
  }
}

for (const item of document.querySelectorAll(".lessons [data-lesson]")) {
  item.querySelector(".done").hidden = !isDone(item.dataset.lesson);
}

const checks = document.getElementById("checks");

function keep() {
  if ([...checks.children].some((item) => item.dataset.met !== "true")) return;
  try {
    localStorage.setItem(key(checks.dataset.lesson), "done");
  } catch {
    // It is not kept.
  }
}

async function look() {
  try {
    const met = await (await fetch(`/learn/${encodeURIComponent(checks.dataset.lesson)}/checks`)).json();
    met.forEach((is, at) => {
      const item = checks.children[at];
      if (item.dataset.met === String(is)) return;
      item.dataset.met = String(is);
      item.firstElementChild.textContent = is ? "✓" : "–";
    });
    keep();
  } catch {
    // The stream says when the sandbox is there again.
  }
}

if (checks) {
  keep();
  let wanted = 0;
  const ask = () => {
    clearTimeout(wanted);
    wanted = setTimeout(look, 250);
  };
  for (const name of ["scenario", "exchange", "finding"]) hear(name, ask);
}
