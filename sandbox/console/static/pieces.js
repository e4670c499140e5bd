// The page is asked for whole, as a browser without scripts would, and the pieces that differ take their new places.

const jump = { block: "nearest" };
let placed = 0; // how often the page was asked for, or placed

function pieces(page) {
  return page.querySelectorAll("[data-piece]");
}

// What a person is at stays theirs: where they type, what they typed and did not save, and what was refused.
function isHeld(piece) {
  const held = document.activeElement;
  const types = held.matches("input:not([type=checkbox]), select, textarea") && piece.contains(held);
  return types || piece.querySelector(".save.wanted, .refused") !== null;
}

// Put the pieces of a page in their places; what was asked for by a form, the sender, is an answer to what it held.
export function place(text, { sender = null, prepare = () => {} } = {}) {
  placed += 1;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of pieces(document)) {
    const now = fresh.getElementById(old.id);
    if (!now || old.isEqualNode(now)) continue;
    if (old.dataset.piece === "answer" && !sender) continue; // what was done is said until something else is
    if (!old.contains(sender) && isHeld(old)) continue;
    const held = document.activeElement;
    const isHere = old.contains(held);
    const again = isHere && held.id ? held.id : null;
    old.replaceWith(now);
    prepare(now);
    if (isHere) {
      now.tabIndex = -1; // where a button was that is gone
      (document.getElementById(again) ?? now.querySelector("input:not([type=hidden]), select, textarea") ?? now).focus(jump);
    }
  }
}

// Ask for the page as it is now. Who is not answered keeps it as it was: the stream says when the sandbox is there again.
export async function renew(options) {
  placed += 1;
  const mine = placed;
  try {
    const answer = await fetch(location.pathname + location.search);
    const text = await answer.text();
    if (answer.ok && mine === placed) place(text, options); // else there is a later one
  } catch {
    // The stream says when the sandbox is there again.
  }
}
