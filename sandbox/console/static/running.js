// What runs, as the stream tells it: its name and title in the header, and its address wherever that is to be copied.

import { shown } from "./elements.js";
import { hear } from "./stream.js";

const url = document.getElementById("mcp-url");
const page = document.querySelector(".what > a");

hear("scenario", ({ name, title, mcp, can_fix: canFix, of_library: ofLibrary }) => {
  document.getElementById("running").textContent = shown(name) || "unnamed";
  document.getElementById("running-title").textContent = shown(title);
  if (ofLibrary) page.setAttribute("href", `/scenarios/${encodeURIComponent(name)}`);
  else page.removeAttribute("href");
  document.getElementById("fix").disabled = !canFix;
  const before = url.textContent;
  for (const code of document.querySelectorAll(".commands code, #mcp-url")) code.textContent = code.textContent.replace(before, () => mcp);
  for (const button of document.querySelectorAll(".copy")) button.dataset.copy = button.dataset.copy.replace(before, () => mcp);
});
