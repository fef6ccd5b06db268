/** Bodies that telemetry could have: JSON of one exact size whose numbers differ, so that a store that compresses gets nothing for free. */

const variety = 8_192;
const site = 1_763_769_600_000;

/** `count` different bodies of exactly `bytes` bytes (at least 64), the same for the same arguments. */
export function makeBodies(bytes: number, count = variety): readonly Buffer[] {
  const random = pseudoRandom(bytes);
  return Array.from({ length: count }, (_, index) => Buffer.from(makeBody(bytes, index, random)));
}

function makeBody(bytes: number, index: number, random: () => number): string {
  let body = `{"time":${site + index * 977},"temperature":${(15 + random() * 20).toFixed(2)}`;
  for (let reading = 1; ; reading++) {
    const next = `,"sensor${reading}":${(random() * 1_000).toFixed(3).padStart(7, '1')}`;
    if (body.length + next.length > bytes - 17) break;
    body += next;
  }
  // What is left is one string of letters that say nothing, as ids do.
  const rest = bytes - body.length - 9;
  return `${body},"id":"${letters(rest, random)}"}`;
}

function letters(count: number, random: () => number): string {
  return Array.from({ length: Math.max(0, count) }, () => Math.floor(random() * 36).toString(36)).join('');
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
