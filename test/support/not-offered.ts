/** A part of a hub that a test has no business with: every call fails. */
export function notOffered<Part extends object>(name: string): Part {
  return new Proxy({} as Part, {
    get: (_target, member) => () => {
      throw new Error(`this hub has no ${name}.${String(member)}`);
    },
  });
}
