/**
 * The names an entity goes by: the hub's names and their first words. The first of them is the one that is told.
 * A hub in the cloud has one of its own making, such as `iothub-ehub-contoso-123-abc`.
 */
export function entityNames(hostNames: readonly string[]): readonly string[] {
  return [...new Set(hostNames.flatMap((host) => [shortName(host), host.toLowerCase()]))];
}

function shortName(hostName: string): string {
  const isAddress = /^[\d.]+$/.test(hostName) || hostName.includes(':');
  return (isAddress ? hostName : (hostName.split('.', 1)[0] ?? hostName)).toLowerCase();
}
