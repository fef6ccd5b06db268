import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { controls, foreignControls } from '../../support/terminal-model.ts';
import { openTerminal } from '../harness/terminal.ts';
import { startHubBox, type HubBox } from './support/hub-box.ts';

/** A title, the clipboard, a cleared screen, a colour, a cursor that goes back over what is there, and each character alone. */
const evil = `mark\u001b]0;title\u0007\u001b]52;c;ZXZpbA==\u001b\\\u001b[2J\u001b[38;5;201m\u009b31m\r\b\b${controls.join('x')}end`;
async function expectSafe(hub: HubBox, words: readonly string[]): Promise<void> {
  const terminal = openTerminal(hub.box, words, { columns: 240 });
  await terminal.finished;
  const screen = terminal.screen();
  const foreign = foreignControls(screen);
  expect({ foreign, screen }).toEqual({ foreign: '', screen: expect.stringContaining('mark') });
}

describe('text of a device', () => {
  let hub: HubBox;
  beforeAll(async () => {
    hub = await startHubBox();
    const device = await hub.device('hostile');
    await hub.box.run(['provision', 'plain']);
    const tagged = await hub.request('PATCH', '/twins/hostile', {
      body: { tags: { site: evil, nested: { text: evil } }, properties: { desired: { mode: evil } } },
    });
    expect(tagged.status).toBe(200);
    await device.reportProperties({ mode: `${evil} too`, list: [evil], 'key\u202ename': 'mark' });
    device.onMethod((name) => ({ status: name === 'fail' ? 500 : 200, payload: { answer: evil, [evil]: 1 } }));
    const properties = { [evil]: evil, plain: 'x' };
    await device.sendTelemetry({ text: evil, [evil]: evil, temperature: 1 }, { properties });
    await device.sendTelemetry(Buffer.from(evil));
    await device.sendTelemetry(Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0x9b, 0xff, 0x07]));
  });
  afterAll(() => hub.close());

  test.concurrent.each([
    [['device', 'list']],
    [['device', 'list', '-o', 'wide', '--color']],
    [['device', 'list', '-o', 'json']],
    [['device', 'list', '-o', 'yaml']],
    [['device', 'list', '-o', 'csv']],
    [['device', 'list', '--query', '[].tags.site']],
    [['device', 'show', 'hostile']],
    [['twin', 'show', 'hostile']],
    [['twin', 'show', 'hostile', '-o', 'yaml']],
    [['twin', 'diff', 'hostile']],
    [['twin', 'diff', 'hostile', 'plain']],
    [['query', 'SELECT * FROM devices']],
    [['query', "SELECT properties.reported.mode AS m FROM devices WHERE deviceId = 'hostile'"]],
    [['query', 'SELECT tags.site, COUNT() AS n FROM devices GROUP BY tags.site', '-o', 'ndjson']],
  ])('%j', async (words) => {
    await expectSafe(hub, words);
  });

  const stored = ['tail', 'telemetry', '--since', '1h', '--count', '3'];
  test.concurrent.each([
    [[...stored]],
    [[...stored, '--no-color', '-o', 'table']],
    [[...stored, '-o', 'json']],
    [[...stored, '-o', 'csv']],
    [[...stored, '-o', 'raw', '--where', "deviceId = 'nobody' OR temperature = 1", '--count', '1']],
    [[...stored, '--select', 'text,temperature']],
    [[...stored, '--query', 'body.text']],
    [['send-command', 'hostile', 'ping']],
    [['send-command', 'hostile', 'fail', '--debug']],
    [['send-command', 'hostile', 'plain', 'ping', '--timeout', '5s']],
    [['send-command', 'hostile', 'ping', '-o', 'yaml']],
  ])('%j', async (words) => {
    await expectSafe(hub, words);
  });

  test('a line on a pipe stays one line, and a cell of a CSV no formula', async () => {
    const device = await hub.device('formula');
    await device.sendTelemetry({ text: '=HYPERLINK("http://evil")', more: '@SUM(1)', minus: '-1+1', number: -1 });
    await device.sendTelemetry({ text: 'one\ntwo\r\nthree' });
    const words = ['tail', 'telemetry', 'formula', '--since', '1h', '--count', '2'];
    const { stdout: lines } = await hub.box.run([...words, '-o', 'lines']);
    expect(lines.trimEnd().split('\n')).toHaveLength(2);
    const { stdout: csv } = await hub.box.run([...words, '-o', 'csv', '--select', 'text,more,minus,number']);
    expect(csv).toContain(`"'=HYPERLINK(""http://evil"")",'@SUM(1),'-1+1,-1`);
    expect(csv).not.toMatch(/(^|,)"?[=+@]/m);
  });
});

describe('text of a person or a file', () => {
  let hub: HubBox;
  beforeAll(async () => {
    hub = await startHubBox();
    await writeFile(
      join(hub.box.directory, 'evil.csv'),
      `deviceId,status\n${evil.replaceAll(/[\r\n\0]/g, '')},${evil.replaceAll(/[\r\n\0]/g, '')}\n`,
    );
  });
  afterAll(() => hub.close());
  const word = evil.replaceAll('\0', '');

  test.concurrent.each([
    [['provision', '--from', 'evil.csv']],
    [[word]],
    [['device', word]],
    [['device', 'list', `--${word}`]],
    [['device', 'list', '-o', word]],
    [['device', 'show', word]],
    [['device', 'list', '--where', `deviceId = '${word}' AND`]],
    [['query', `SELECT ${word}`]],
    [['provision', word]],
    [['provision', 'x', '--tag', word]],
    [['profile', 'use', word]],
    [['twin', 'set', 'x', `@${word}`]],
    [['tail', 'telemetry', '--since', word]],
    [['hub', 'status', '--data', word]],
    [['simulate', word]],
    [['device', 'show', word, '-o', 'json', '--debug']],
  ])('%#', async (words) => {
    await expectSafe(hub, words);
  });
});

describe('text of a hub that is not what it seems', () => {
  let hub: HubBox;
  let server: Server;
  beforeAll(async () => {
    hub = await startHubBox();
    server = createServer((asked, answer) => {
      asked.resume();
      asked.on('end', () => {
        const query = asked.url?.startsWith('/devices/query') === true;
        const row = { deviceId: evil, status: evil, statusReason: evil, tags: { a: evil }, lastActivityTime: evil };
        const body = query
          ? [{ ...row, connectionState: evil }]
          : { Message: `ErrorCode:${evil};${evil}`, ExceptionMessage: evil };
        answer.writeHead(query ? 200 : 400, { 'content-type': 'application/json', 'x-ms-request-id': 'mark\u009b31m' });
        answer.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await writeFile(
      join(hub.box.directory, 'key'),
      'HostName=localhost;SharedAccessKeyName=a;SharedAccessKey=YWFhYWFhYWFhYWFhYWFhYQ==',
    );
    const url = `http://127.0.0.1:${port}`;
    await hub.box.run(['profile', 'add', 'evil', '--connection-string-file', 'key', '--service-url', url, '--use']);
  });
  afterAll(async () => {
    server.close();
    await hub.close();
  });

  test.concurrent.each([
    [['device', 'list']],
    [['device', 'list', '-o', 'name']],
    [['device', 'show', 'x']],
    [['device', 'show', 'x', '--debug']],
    [['device', 'show', 'x', '-o', 'json']],
    [['twin', 'set', '*', 'a=1', '--yes']],
    [['device', 'delete', '*', '--yes', '--dry-run']],
    [['send-command', 'x', 'ping']],
    [['send-command', '*', 'ping']],
    [['provision', 'x']],
  ])('%j', async (words) => {
    await expectSafe(hub, words);
  });

  test('completes no word that a shell could trip over', async () => {
    const { stdout } = await hub.box.run(['__complete', 'device']);
    expect(foreignControls(stdout.replaceAll('\n', '\r\n'))).toBe('');
  });
});
