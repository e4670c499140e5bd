// What is wrong: a card for each finding, and a mark on the rows that prove it.

import { element, marked, shown } from "./elements.js";

const MARK = { broken: "✗", risky: "!", harmless: "·" };

const cards = document.getElementById("findings");
const list = document.getElementById("exchanges");
let said = null; // the findings that the cards show

// `rows` are those of the exchanges, by number; `go` leads to one.
export function tellFindings(found, rows, go) {
  mark(found, rows);
  if (JSON.stringify(found) === said) return;
  said = JSON.stringify(found);
  const open = new Set([...cards.querySelectorAll("details[open]")].map((more) => more.closest(".finding").dataset.key));
  cards.replaceChildren(...found.map((finding) => card(finding, open, go)));
}

export function forgetFindings() {
  said = null;
  cards.replaceChildren();
}

function card(finding, open, go) {
  const key = `${finding.client} ${finding.id}`;
  const made = element("article", undefined, { class: "finding", "data-severity": finding.severity, "data-key": key });
  const more = element("details");
  more.open = open.has(key);
  more.append(element("summary", "Why, and what to change"), marked("p", finding.why), marked("p", finding.change), element("p", finding.references.join("; "), { class: "quiet" }));
  const proofs = element("p", undefined, { class: "proofs" });
  for (const number of finding.exchanges.slice(0, 10)) {
    const to = element("a", `Exchange ${number}`, { href: `#exchange-${number}` });
    to.addEventListener("click", (event) => {
      event.preventDefault();
      go(number);
    });
    proofs.append(to, " ");
  }
  made.append(
    whose(finding),
    element("h2", finding.title),
    marked("p", finding.happened),
    more,
    proofs,
  );
  return made;
}

function whose(finding) {
  const made = element("p", `${finding.severity} · at ${finding.step} · ${finding.side}`, { class: "quiet" });
  if (finding.client) made.append(" · ", element("bdi", shown(finding.client)));
  return made;
}

// The rows that prove a finding are tinted, and its title stands beside the first arrow of them.
function mark(found, rows) {
  for (const item of list.querySelectorAll("[data-finding]")) {
    delete item.dataset.finding;
    for (const note of item.querySelectorAll(".found")) note.remove();
  }
  for (const finding of found) {
    const here = finding.exchanges.filter((number) => rows.has(number)).map((number) => rows.get(number).item);
    for (const item of here) item.dataset.finding ??= finding.severity;
    here[0]?.querySelector(".lanes").append(element("span", `${MARK[finding.severity]} ${finding.title}`, { class: "note found", "data-severity": finding.severity }));
  }
}
