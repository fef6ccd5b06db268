import { BlockList, isIP } from 'node:net';
import { Failure } from '../../errors/index.ts';
import type { LatencyTable } from '../core/provisioning/ports.ts';

/** How far the devices of a network are from each hub. */
export interface NetworkLatencies {
  /** An address range such as `10.1.0.0/16`; every address when absent. */
  readonly network?: string | undefined;
  /** Milliseconds by host name of the hub. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** The first network that holds the address decides. Failure `invalid-value` for one that is no range. */
export function createLatencyTable(networks: readonly NetworkLatencies[]): LatencyTable {
  const table = networks.map(({ network, milliseconds }) => ({
    holds: network === undefined ? () => true : rangeOf(network),
    byHost: new Map(Object.entries(milliseconds).map(([host, ms]) => [host.toLowerCase(), ms])),
  }));
  return (remote, hostName) => table.find(({ holds }) => holds(remote))?.byHost.get(hostName.toLowerCase());
}

function rangeOf(network: string): (address: string | undefined) => boolean {
  const [address = '', bits] = network.split('/');
  const kind = isIP(address);
  const prefix = Number(bits ?? (kind === 4 ? 32 : 128));
  if (kind === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (kind === 4 ? 32 : 128))
    throw new Failure('invalid-value', `"${network}" is not a range of addresses, such as 10.1.0.0/16`);
  const list = new BlockList();
  list.addSubnet(address, prefix, kind === 4 ? 'ipv4' : 'ipv6');
  return (remote) => {
    const plain = remote?.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '') ?? '';
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}
