// Elements that hold text, never markup.

export function element(name, text, properties = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  return made;
}

// A stranger's name, at most so long, with what would be obeyed instead of shown, or not be seen, written out.
export function shown(text, longest = 200) {
  const letters = [...text];
  const short = letters.length > longest ? `${letters.slice(0, longest - 1).join("")}…` : text;
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu, (char) => {
    const code = char.codePointAt(0);
    const [mark, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${mark}${code.toString(16).padStart(digits, "0")}`;
  });
}

// A text in which `backticks` mark what goes over the wire.
export function marked(name, text) {
  const made = element(name);
  text.split("`").forEach((part, at) => part && made.append(at % 2 ? element("code", part) : part));
  return made;
}
