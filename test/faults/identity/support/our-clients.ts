/** Our own clients, pointed at a port of a test; each resolves when it was let in and rejects when it gave up. */
import { connectHub } from '../../../../src/client/index.ts';
import type { KeyConnection } from '../../../../src/config/profile.ts';
import { connectDevice, parseEndpoint, registerDevice } from '../../../../src/device/index.ts';
import { realClock } from '../../../support/real-clock.ts';

/** Never to be seen in what is written for people: two keys of base64. */
export const secret = Buffer.from('the key that nobody may see 0123').toString('base64');

export interface ClientTarget {
  readonly port: number;
  readonly ca: string;
  readonly caFile: string;
  /** How long a client may try; four seconds when absent. */
  readonly patienceMs?: number;
}

export type OurClient = (target: ClientTarget) => Promise<unknown>;

const limits = { backoff: { firstMs: 20, maximumMs: 50 }, connectTimeoutMs: 1_000, answerTimeoutMs: 1_000 };

function restConnection({ port, caFile }: ClientTarget): KeyConnection {
  return {
    name: 'test',
    kind: 'local',
    auth: 'key',
    hostName: 'localhost',
    sharedAccessKeyName: 'iothubowner',
    sharedAccessKey: secret,
    serviceUrl: `https://localhost:${port}`,
    caFile,
    source: 'profile',
  };
}

export const ourClients: ReadonlyMap<string, OurClient> = new Map<string, OurClient>([
  [
    'operator over HTTPS',
    async (target) => {
      const hub = connectHub(restConnection(target), { clock: realClock, random: () => 0 });
      try {
        return await hub.devices.get('dev1', AbortSignal.timeout(target.patienceMs ?? 4_000));
      } finally {
        await hub.close();
      }
    },
  ],
  [
    'device over MQTT',
    async ({ port, ca, patienceMs = 4_000 }) => {
      const device = await connectDevice({
        credentials: { hostName: 'localhost', deviceId: 'dev1', sharedAccessKey: secret },
        endpoint: parseEndpoint(`mqtts://localhost:${port}`, ca),
        clock: realClock,
        random: () => 0,
        limits,
        firstConnectMs: patienceMs,
      });
      await device.close();
      return undefined;
    },
  ],
  ...(['mqtt', 'https'] as const).map((transport): [string, OurClient] => [
    `registration over ${transport.toUpperCase()}`,
    ({ port, ca, patienceMs = 4_000 }) =>
      registerDevice({
        transport,
        endpoint: { host: 'localhost', port, tls: true, ca },
        idScope: '0ne00000000',
        registrationId: 'dev1',
        proof: { kind: 'key', key: secret },
        clientVersion: 'test',
        clock: realClock,
        timeoutMs: patienceMs,
      }),
  ]),
]);

/** True when the text holds the secret, or a signature or a token made with it, in any of their forms. */
export function tellsSecret(text: string): boolean {
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
  ];
  return (
    forms.some((form) => text.includes(form)) || /sig=[^&\s[]/i.test(text) || /SharedAccessSignature sr=/i.test(text)
  );
}

/** Everything an error would show anybody: its words, its causes, its details. */
export function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return String(error);
  const { hint, details } = error as { hint?: unknown; details?: unknown };
  return [
    error.message,
    error.stack,
    String(hint),
    JSON.stringify(details ?? {}),
    wordsOf(error.cause, depth + 1),
  ].join('\n');
}
