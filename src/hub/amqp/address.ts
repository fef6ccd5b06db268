/**
 * The path of a link's address, without scheme and authority: SDKs write either form (device.md §4.3, service.md §9.5).
 * `amqps://hub:5671/devices/d/twin` becomes `/devices/d/twin`.
 */
export function linkPath(address: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address);
  if (scheme === null) return address;
  const slash = address.indexOf('/', scheme[0].length);
  return slash < 0 ? '' : address.slice(slash);
}

/** True for the node that takes tokens; anybody may open links to it. */
export function isCbsAddress(address: string): boolean {
  return address.replace(/^\//, '').toLowerCase() === '$cbs';
}
