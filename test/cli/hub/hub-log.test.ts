import { expect, test } from 'vitest';
import { createHubLog } from '../../../src/cli/hub/hub-log.ts';
import type { Notes } from '../../../src/cli/output/notes.ts';

function linesOf(isTTY: boolean): { readonly notes: Notes; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  return { lines, notes: { isTTY, info: write, record: write, warn: write, success: write } as unknown as Notes };
}

const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=';

test.each([true, false])('keeps secrets out, on a terminal (%s) and elsewhere', async (isTTY) => {
  const { notes, lines } = linesOf(isTTY);
  const log = await createHubLog(notes, 'debug');
  log.error(
    {
      primaryKey: secret,
      device: { authentication: { symmetricKey: { primaryKey: secret, secondaryKey: secret } } },
      err: new Error(`HostName=h;SharedAccessKeyName=o;SharedAccessKey=${secret} refused`, {
        cause: new Error(`GET /x?se=1&sig=${secret}&y=2`),
      }),
      headers: { authorization: `SharedAccessSignature sr=h&sig=${secret}&se=1` },
      list: [`Bearer ${secret}`],
    },
    'refused',
  );
  expect(lines.join('\n')).toContain('refused');
  expect(lines.join('\n')).not.toContain(secret);
});

test('writes lines that machines read, with the time, the level by name and the facts', async () => {
  const { notes, lines } = linesOf(false);
  const log = await createHubLog(notes, undefined);
  log.debug({}, 'too much');
  log.warn({ port: 'mqtt', err: new TypeError('broken') }, 'a port has trouble');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      msg: 'a port has trouble',
      port: 'mqtt',
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('broken') as string },
    },
  ]);
});

test('tells a person the words of an error, not its trace', async () => {
  const { notes, lines } = linesOf(true);
  (await createHubLog(notes, undefined)).error({ step: 'core', err: new Error('no room') }, 'a step failed');
  expect(lines).toEqual(['a step failed  step=core  err=no room']);
});

test('writes lines that machines read whatever a stranger calls itself', async () => {
  const { notes, lines } = linesOf(false);
  const log = await createHubLog(notes, 'debug');
  const clientId = '\u001b]0;t\u0007\u009b2J\r\n\u202e\u200b';
  log.debug({ clientId }, 'connection refused');
  expect(lines.join('')).toMatch(/^[\u0020-\u007e]*$/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ clientId });
});

test.each([
  [undefined, ['warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
] as const)('under --quiet it writes trouble, and with the level %s %j', async (level, expected) => {
  const lines: string[] = [];
  const notes = { isTTY: false, info: () => undefined, record: (text: string) => void lines.push(text) };
  const log = await createHubLog(notes as unknown as Notes, level);
  for (const of of ['debug', 'info', 'warn', 'error'] as const) log[of]({}, 'said');
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
});
