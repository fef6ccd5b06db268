/** The name that was probably meant: the one with the fewest letters changed, if that is not half of them. */
export function closestName(given: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(given.length / 2));
  for (const name of names) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase(), fewest);
    if (distance >= fewest) continue;
    fewest = distance;
    best = name;
  }
  return best;
}

/** Letters to insert, remove or replace; `most` when there are as many or more. */
function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) >= most) return most;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let other = 1; other <= right.length; other++) {
      const replaced = (row[other - 1] ?? 0) + (left[at - 1] === right[other - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[other] ?? 0) + 1, (next[other - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? most;
}
