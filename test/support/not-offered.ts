/** A part of a hub that a test has no business with: every call fails. */
export function notOffered(name: string): never {
  // Nobody gets a value out of it, so it passes for any part.
  return new Proxy({} as never, {
    get: (_target, member) => () => {
      throw new Error(`this hub has no ${name}.${String(member)}`);
    },
  });
}
