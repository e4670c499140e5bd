// Elements that hold text, never markup.

export function element(name, text, properties = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  return made;
}

// A text in which `backticks` mark what goes over the wire.
export function marked(name, text) {
  const made = element(name);
  text.split("`").forEach((part, at) => part && made.append(at % 2 ? element("code", part) : part));
  return made;
}
