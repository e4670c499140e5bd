// What a fault changed: the healthy answer beside the one that left, line by line.

const AROUND = 3; // lines that are shown beside a change; what is alike farther off is counted
const MOST = 400; // lines of a side; of more only what is the same at both ends is found

// The lines of both, in order: [" ", line] in both, ["-", line] only before, ["+", line] only after.
function lines(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const old = before.slice(start, before.length - end);
  const now = after.slice(start, after.length - end);
  const same = (some) => some.map((line) => [" ", line]);
  return [...same(before.slice(0, start)), ...changed(old, now), ...same(end ? before.slice(-end) : [])];
}

// By the longest common subsequence.
function changed(old, now) {
  if (old.length > MOST || now.length > MOST) return [...old.map((line) => ["-", line]), ...now.map((line) => ["+", line])];
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let one = old.length - 1; one >= 0; one -= 1) {
    for (let other = now.length - 1; other >= 0; other -= 1) {
      common[one][other] = old[one] === now[other] ? common[one + 1][other + 1] + 1 : Math.max(common[one + 1][other], common[one][other + 1]);
    }
  }
  const made = [];
  let [one, other] = [0, 0];
  while (one < old.length || other < now.length) {
    if (one < old.length && other < now.length && old[one] === now[other]) {
      made.push([" ", old[one]]);
      one += 1;
      other += 1;
    } else if (other === now.length || (one < old.length && common[one + 1][other] >= common[one][other + 1])) {
      made.push(["-", old[one]]);
      one += 1;
    } else {
      made.push(["+", now[other]]);
      other += 1;
    }
  }
  return made;
}

// The changes with a few lines beside each, and how many lines were left out between.
function folded(all) {
  const near = (at) => all.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(([sign]) => sign !== " ");
  const made = [];
  let left = 0;
  all.forEach((line, at) => {
    if (near(at)) {
      if (left) made.push(["…", counted(left)]);
      left = 0;
      made.push(line);
    } else {
      left += 1;
    }
  });
  return left ? [...made, ["…", counted(left)]] : made;
}

const counted = (count) => `${count} line${count === 1 ? "" : "s"} alike`;

// An answer as lines: status, headers in the order of their names, the body, and what its own tokens say.
function written(status, headers, body, held, without) {
  const shown = headers.filter(([name]) => !without.has(name)).map(([name, value]) => `${name}: ${value}`);
  const said = held.flatMap((claims) => ["", ...JSON.stringify(claims, null, 2).split("\n")]);
  return [`${status}`, ...shown.sort(), ...(body ? ["", ...body.split("\n")] : []), ...said];
}

// The tokens of one that the other does not hold.
function own(held, other) {
  return Object.entries(held).filter(([mark]) => !(mark in other)).map(([, claims]) => claims);
}

export function diff(exchange, pretty, element) {
  const { healthy } = exchange;
  const bodies = [healthy.body, exchange.response_body];
  const without = new Set(bodies[0] === bodies[1] ? [] : ["content-length"]); // it follows from the body
  const before = written(healthy.status, healthy.headers, pretty(bodies[0]), own(healthy.held, exchange.held), without);
  const after = written(exchange.status, exchange.response_headers, pretty(bodies[1]), own(exchange.held, healthy.held), without);
  const section = element("section");
  const block = element("pre", undefined, { class: "diff", tabindex: "0" });
  const kinds = { "-": "del", "+": "ins" };
  for (const [sign, line] of folded(lines(before, after))) block.append(element(kinds[sign] ?? "span", `${sign} ${line}`), "\n");
  section.append(
    element("h3", "What the fault changed"),
    element("p", "- what the healthy answer would have been, + what the client got", { class: "quiet" }),
    block,
  );
  return section;
}
