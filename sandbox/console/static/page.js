// What every page has: buttons that copy, how it looks, and what it is told while it is open.

import "./gone.js";
import "./own.js";
import "./running.js";

const root = document.documentElement;

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It holds for this page alone.
  }
}

const theme = document.getElementById("theme");
const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  keep("theme", root.dataset.theme);
});

const size = document.getElementById("size");
const showSize = () => size.setAttribute("aria-pressed", String(root.dataset.size === "large"));
showSize();
size.addEventListener("click", () => {
  if (root.dataset.size === "large") delete root.dataset.size;
  else root.dataset.size = "large";
  keep("size", root.dataset.size ?? "usual");
  showSize();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.(".copy");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
});
