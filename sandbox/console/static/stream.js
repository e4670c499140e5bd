// The stream of events, opened once a page: what runs, what happens, and whether the sandbox is there at all.
//
// A page that nobody sees lets go of it, as a browser has six connections to an origin and no more.

const NAMES = ["scenario", "hold", "client", "exchange", "finding"];
const AGAIN = 3_000; // milliseconds after which a stream that was refused is asked for anew

const listeners = new Map(); // by what is told: those names, `open`, and `gone` as often as nobody answers
let stream = null;

export function hear(name, listener) {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
}

function tell(name, said) {
  for (const listener of listeners.get(name) ?? []) listener(said);
}

function open() {
  stream = new EventSource("/api/events");
  stream.addEventListener("open", () => tell("open"));
  for (const name of NAMES) stream.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    tell("gone");
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN);
  });
}

function follow() {
  const isOpen = stream !== null && stream.readyState !== EventSource.CLOSED;
  if (document.hidden && isOpen) stream.close();
  if (!document.hidden && !isOpen) open();
}

document.addEventListener("visibilitychange", follow);
addEventListener("DOMContentLoaded", follow); // once every script of the page listens
