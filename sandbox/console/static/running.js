// What runs, as the stream tells it: its name and title in the header, and its address wherever that is to be copied.

const url = document.getElementById("mcp-url");

export function tellRunning({ name, title, mcp, can_fix: canFix }) {
  document.getElementById("running").textContent = name || "unnamed";
  document.getElementById("running-title").textContent = title;
  document.querySelector(".what > a")?.setAttribute("href", `/scenarios/${encodeURIComponent(name)}`);
  document.getElementById("fix").disabled = !canFix;
  const before = url.textContent;
  for (const code of document.querySelectorAll(".commands code, #mcp-url")) code.textContent = code.textContent.replace(before, () => mcp);
  for (const button of document.querySelectorAll(".copy")) button.dataset.copy = button.dataset.copy.replace(before, () => mcp);
}
