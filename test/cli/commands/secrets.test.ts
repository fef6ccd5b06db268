// A key may reach the hub as a signature and nothing else: no output, no error, no trace.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { commandTable } from '../../../src/cli/commands/index.ts';
import type { Rooms } from '../../../src/cli/rooms.ts';
import { connectHub } from '../../../src/client/index.ts';
import type { Connection } from '../../../src/config/index.ts';
import {
  json,
  loseReply,
  quickClock,
  refusal,
  scriptedHub,
  type ScriptedHub,
  type Step,
} from '../../client/scripted-hub.ts';
import { emptyRooms, runLine } from '../support/fake-terminal.ts';

const secret = createHash('sha256').update('canary').digest();
const forms = [
  secret.toString('base64'),
  secret.toString('base64url'),
  secret.toString('hex'),
  encodeURIComponent(secret.toString('base64')),
];
const key = secret.toString('base64');

const device = {
  deviceId: 'pump-1',
  etag: 'AAA=',
  status: 'enabled',
  statusReason: null,
  connectionState: 'Connected',
  authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
};
const lines: readonly (readonly string[])[] = [
  ['device', 'list'],
  ['device', 'show', 'pump-1'],
  ['device', 'disable', 'pump-1'],
  ['device', 'delete', 'pump-1', '--yes'],
  ['twin', 'show', 'pump-1'],
  ['twin', 'set', 'pump-1', 'x=1'],
  ['twin', 'diff', 'pump-1'],
  ['query', 'SELECT * FROM devices'],
  ['doctor'],
];
const answers: [string, Step][] = [
  ['devices', json(200, device)],
  ['refusals', refusal(401, 'IotHubUnauthorizedAccess', 'Unauthorized')],
  ['failures', refusal(500, 'ServerError', 'oops')],
  ['nonsense', (_, response) => void response.end('<html>')],
  ['cut connections', loseReply],
];

test.each(answers)(
  'when the hub answers with %s, then no command shows a key, not even with --debug',
  async (_, step) => {
    await using hub = await scriptedHub(step);
    for (const line of lines) {
      for (const flags of [['--debug'], ['--debug', '-o', 'json']]) {
        const { stdout, stderr } = await runLine(
          commandTable,
          { argv: [...line, ...flags], env: { NO_COLOR: '1' } },
          roomsOf(hub),
        );
        const shown = `${stdout}${stderr}`;
        expect(shown.length, line.join(' ')).toBeGreaterThan(0);
        for (const form of forms) expect(shown, line.join(' ')).not.toContain(form);
        expect(shown).not.toMatch(/SharedAccessSignature sr=/);
      }
    }
    expect(hub.requests.length).toBeGreaterThan(lines.length);
    for (const request of hub.requests) expect(request.headers.authorization).toMatch(/^SharedAccessSignature sr=/);
  },
);

function roomsOf(hub: ScriptedHub): Rooms {
  const connection: Connection = { ...hub.connection, sharedAccessKey: key };
  return {
    ...emptyRooms,
    resolveConnection: async () => connection,
    connectHub: async () => connectHub(connection, { clock: quickClock(), random: () => 0 }),
  };
}
