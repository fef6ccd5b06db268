/** A remote address without its port, as the audit has it; undefined stays so. */
export function addressOf(remote: string | undefined): string | undefined {
  return remote?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
