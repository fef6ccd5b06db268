import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { csvTemplate, rowsFromCsv, type InputRow } from '../../../src/fleet/provisioning/index.ts';
import { collect, failureOf } from '../../support/memory-hub.ts';

async function* chunks(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function read(text: string, size?: number): Promise<InputRow[]> {
  return collect(rowsFromCsv(chunks(text, size)));
}

async function* broken(): AsyncGenerator<string> {
  yield 'deviceId\na\n';
  throw new Failure('io', 'the disk is gone');
}

const key = Buffer.alloc(32, 7).toString('base64');

describe('devices from CSV', () => {
  it('reads typed values under nested names; an empty field says nothing', async () => {
    const text = `deviceId,key,status,TAG:site,TAG:location.floor,DESIRED:telemetry.on\na,${key},disabled,north,2,true\nb,,,,"",\n`;
    expect(await read(text)).toEqual([
      {
        kind: 'device',
        deviceId: 'a',
        line: 2,
        key,
        status: 'disabled',
        tags: { site: 'north', location: { floor: 2 } },
        desired: { telemetry: { on: true } },
      },
      { kind: 'device', deviceId: 'b', line: 3 },
    ]);
  });

  it('understands a byte order mark, CRLF, quotes, line breaks in quotes, blank lines and a missing end of line', async () => {
    const text = '\ufeffdeviceId,TAG:note\r\n"a","say ""hi"", twice"\r\n\r\nb,"two\nlines"\r\nc,\'7\'';
    for (const size of [1, 5, 1_000]) {
      expect(await read(text, size)).toEqual([
        { kind: 'device', deviceId: 'a', line: 2, tags: { note: 'say "hi", twice' } },
        { kind: 'device', deviceId: 'b', line: 4, tags: { note: 'two\nlines' } },
        { kind: 'device', deviceId: 'c', line: 6, tags: { note: '7' } },
      ]);
    }
  });

  it('reports each bad line with its number, and the others still count', async () => {
    const text = `deviceId,key,status,TAG:a,TAG:a.b\nok,,,,\nno id,,,,\n,,,,\nx,short,,,\ny,,sleeping,,\nz,,,{bad,\nw,,,1,2\nok,,,,\nv,,,,,extra\nlast,,,,\n`;
    const rows = await read(text);
    expect(rows.filter((row) => row.kind === 'device').map((row) => row.deviceId)).toEqual(['ok', 'last']);
    const bad = rows.filter((row) => row.kind === 'bad');
    expect(bad.map((row) => [row.line, row.deviceId])).toEqual([
      [3, 'no id'],
      [4, ''],
      [5, 'x'],
      [6, 'y'],
      [7, 'z'],
      [8, 'w'],
      [9, 'ok'],
      [10, 'v'],
    ]);
    expect(bad.map((row) => row.reason)).toEqual([
      expect.stringContaining('ASCII'),
      'the device id is missing',
      'the key is not base64 of 16 to 64 bytes',
      'the status is sleeping, not enabled or disabled',
      'TAG:a begins like JSON but is not: {bad',
      'a.b needs a to be an object, but it has a value already',
      'the device stands on line 2 already',
      '6 fields, but the first line names 5',
    ]);
  });

  it('when a quotation mark is never closed, then the line it began on is named and what came before stands', async () => {
    expect(await read('deviceId,TAG:a\na,1\nb,"2\nc,3\n')).toEqual([
      { kind: 'device', deviceId: 'a', line: 2, tags: { a: 1 } },
      expect.objectContaining({ kind: 'bad', line: 3, reason: expect.stringContaining('never closed') }),
    ]);
  });

  it('when a line has no end, then memory stays bounded and it says so', async () => {
    const endless = `deviceId,TAG:a\na,1\nb,"${'x\n'.repeat(700_000)}`;
    expect(await read(endless, 65_536)).toMatchObject([
      { kind: 'device', deviceId: 'a' },
      { kind: 'bad', line: 3, reason: expect.stringContaining('1 MiB') },
    ]);
  });

  it('when the source fails, then that is the failure', async () => {
    expect(await failureOf(collect(rowsFromCsv(broken())))).toMatchObject({ code: 'io' });
  });

  it('never repeats a key in a reason', async () => {
    const [row] = await read('deviceId,key\na,Zm9vYmFyc2VjcmV0\n');
    expect(JSON.stringify(row)).not.toContain('Zm9vYmFyc2VjcmV0');
  });

  it.each([
    ['', 'the CSV is empty'],
    ['key,status\n', 'there is no column deviceId'],
    ['deviceId,TAG:a,TAG:a\n', 'column TAG:a is there twice'],
    ['deviceId,colour\n', 'there is no column "colour"'],
    ['deviceId,TAG:a..b\n', 'column TAG:a..b'],
    ['deviceId,TAG:__proto__.x\n', 'column TAG:__proto__.x'],
  ])('when the first line is %j, then nothing is read: %s', async (text, message) => {
    const failure = await failureOf(read(text));
    expect(failure.code).toBe('invalid-input');
    expect(failure.message).toContain(message);
  });

  it('the template is valid and shows every kind of column', async () => {
    const rows = await read(csvTemplate);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.every((row) => row.kind === 'device')).toBe(true);
  });

  it('gives back any text that was written with quotes', async () => {
    const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).map((value) => `x${value}x`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (values, size) => {
          const lines = values.map((value, index) => `d${index},"${value.replaceAll('"', '""')}"`);
          const rows = await read(`deviceId,TAG:v\n${lines.join('\r\n')}`, size);
          expect(rows.map((row) => row.kind === 'device' && row.tags?.['v'])).toEqual(values);
        },
      ),
    );
  });
});
