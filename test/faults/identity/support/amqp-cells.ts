import type { Connection } from 'rhea';
import { event, putToken } from '../../../support/amqp-front.ts';
import type { Attempt } from './attempt.ts';
import type { LiveHub } from './live-hub.ts';
import type { Spelling } from './spellings.ts';

interface Held {
  connection: Connection | undefined;
}

/** Links with the attacker's own good token on the connection, to every address of a device. */
export function amqpCells(hub: LiveHub, spellings: readonly Spelling[]): readonly Attempt[] {
  const held: Held = { connection: undefined };
  const opened = async (): Promise<Connection> => {
    if (held.connection?.is_open() === true) return held.connection;
    held.connection = hub.amqp();
    const { status } = await putToken(held.connection, hub.token('dev1'));
    if (status !== 200) throw new Error('the attacker is not let in as itself');
    return held.connection;
  };
  const linked = (name: string, own: boolean, address: string, direction: 'send' | 'receive'): Attempt => ({
    name: `AMQP ${name}`,
    own,
    run: async () => openLink(await opened(), address, direction),
  });
  const links = (name: string, id: string, own: boolean): readonly Attempt[] => [
    linked(`send telemetry: ${name}`, own, `/devices/${id}/messages/events`, 'send'),
    linked(`take messages: ${name}`, own, `/devices/${id}/messages/devicebound`, 'receive'),
    linked(`ask for a twin: ${name}`, own, `/devices/${id}/twin`, 'send'),
    linked(`hear of a twin: ${name}`, own, `/devices/${id}/twin`, 'receive'),
    linked(`take calls: ${name}`, own, `/devices/${id}/methods/devicebound`, 'receive'),
    linked(`answer calls: ${name}`, own, `/devices/${id}/methods/devicebound`, 'send'),
    linked(`send as a module: ${name}`, false, `/devices/${id}/modules/m1/messages/events`, 'send'),
  ];
  return [
    ...links('own', 'dev1', true),
    // Node's SDK writes ids as they are, others encode them: either is understood, and each is asked for its own token.
    ...spellings.flatMap(({ name, deviceId }) => [
      ...links(name, deviceId, safelyDecoded(deviceId) === 'dev1'),
      {
        name: `AMQP token for it: ${name}`,
        // Encoded twice, as some SDKs do, this is the attacker itself.
        own: safelyDecoded(deviceId) === 'dev1',
        run: async () => {
          const connection = hub.amqp();
          const { status } = await putToken(
            connection,
            hub.token('dev1', { resource: `localhost/devices/${deviceId}` }),
          );
          connection.close();
          return status === 200 ? 'passed' : 'refused';
        },
      } as const,
    ]),
    linked('read the telemetry of all', false, 'messages/events/ConsumerGroups/$Default/Partitions/0', 'receive'),
    linked('ask about the telemetry of all', false, '$management', 'receive'),
    linked('send to devices', false, '/messages/devicebound', 'send'),
    linked('read feedback', false, '/messages/serviceBound/feedback', 'receive'),
    linked('read notices of uploads', false, '/messages/serviceBound/filenotifications', 'receive'),
  ];
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** How long a link that was granted may still be taken back. */
const settleMs = 10;

async function openLink(
  connection: Connection,
  address: string,
  direction: 'send' | 'receive',
): Promise<'passed' | 'refused'> {
  const link =
    direction === 'send'
      ? connection.open_sender(address)
      : connection.open_receiver({ source: address, credit_window: 0 });
  const kind = direction === 'send' ? 'sender' : 'receiver';
  const closed = event(link, `${kind}_close`).then(() => 'refused' as const);
  link.on(`${kind}_error`, () => undefined);
  const granted = event(link, direction === 'send' ? 'sendable' : 'receiver_open')
    .then(() => new Promise((resolve) => setTimeout(resolve, settleMs)))
    .then(() => 'passed' as const);
  const outcome = await Promise.race([closed, granted]);
  link.close();
  return outcome;
}
