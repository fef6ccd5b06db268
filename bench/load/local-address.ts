/** Loopback addresses to connect from: each has 28,000 ports of its own. Only Linux answers on all of them. */
const localAddresses = process.platform === 'linux' ? ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'] : [];

/** What the connection of this number adds to its options. */
export function localAddressOf(index: number): { readonly localAddress?: string } {
  const localAddress = localAddresses[index % localAddresses.length];
  return localAddress === undefined ? {} : { localAddress };
}
