/** Where the services of a hub on this machine are, as members of a profile. */
interface HubAddresses {
  readonly serviceUrl?: string;
  readonly deviceUrl?: string;
  readonly amqpUrl?: string;
}

/**
 * Operators go to the address: looking up a name, and telling that it is no address, takes a short command 6 ms, and the hub's
 * certificate is for both. Devices are shown the name.
 */
const choices = [
  ['serviceUrl', '127.0.0.1', ['https', 'http']],
  ['deviceUrl', 'localhost', ['mqtts', 'mqtt']],
  ['amqpUrl', '127.0.0.1', ['amqps', 'amqp']],
] as const;

/** The addresses of a hub's `ports`, as its state and its ready file hold them: with TLS where it listens for that, else plain. */
export function addressesOfPorts(ports: object): HubAddresses {
  const numbers = new Map(Object.entries(ports));
  const addresses: { -readonly [Member in keyof HubAddresses]: string } = {};
  for (const [member, host, schemes] of choices) {
    const scheme = schemes.find((name) => typeof numbers.get(name) === 'number');
    if (scheme !== undefined) addresses[member] = `${scheme}://${host}:${String(numbers.get(scheme))}`;
  }
  return addresses;
}
