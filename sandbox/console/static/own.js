// What the sandbox's own client says: that it is at work, then its last words. They are text, never markup.

import { hear } from "./stream.js";

hear("client", (said) => {
  for (const button of document.querySelectorAll("[data-own]")) button.disabled = said?.running ?? false;
  const own = document.getElementById("own");
  if (!own) return;
  own.hidden = said === null;
  if (said?.running) own.textContent = "A client is at work.";
  else if (said) {
    const words = document.createElement("code");
    words.textContent = said.words;
    own.replaceChildren("The client printed: ", words);
  }
});
