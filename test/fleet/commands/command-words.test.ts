import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPayload, splitCommandWords, type PayloadSources } from '../../../src/fleet/commands/index.ts';
import { failureOf } from '../../support/memory-hub.ts';

function split(line: string, selected = false): [string[], string, string[]] {
  const { devices, name, payload } = splitCommandWords(line.split(' '), selected);
  return [[...devices], name, [...payload]];
}

describe('the words of send-command', () => {
  it.each([
    ['pump-1 reboot', [['pump-1'], 'reboot', []]],
    ['pump-1 set-interval 30', [['pump-1'], 'set-interval', ['30']]],
    ['pump-1 set a=1 b.c=x', [['pump-1'], 'set', ['a=1', 'b.c=x']]],
    ['pump-1 pump-2 reboot', [['pump-1', 'pump-2'], 'reboot', []]],
    ['pump-* reboot @file.json', [['pump-*'], 'reboot', ['@file.json']]],
    ['pump-1 reboot -', [['pump-1'], 'reboot', ['-']]],
    ['a=b reboot c=d', [['a=b'], 'reboot', ['c=d']]],
    ['1 2 3', [['1'], '2', ['3']]],
    ['1 2 3 ping', [['1', '2', '3'], 'ping', []]],
    ['pump-1 x=1', [['pump-1'], 'x=1', []]],
    ['pump-1 flag true', [['pump-1'], 'flag', ['true']]],
  ])('%s', (line, expected) => {
    expect(split(line)).toEqual(expected);
  });

  it.each([
    ['reboot', [[], 'reboot', []]],
    ['reboot a=1', [[], 'reboot', ['a=1']]],
    ['pump-* reboot {"a":1}', [['pump-*'], 'reboot', ['{"a":1}']]],
  ])('when devices are selected by flags: %s', (line, expected) => {
    expect(split(line, true)).toEqual(expected);
  });

  it('when a device or the name is missing, then it says which', () => {
    expect(() => splitCommandWords([], false)).toThrow('a device and the name of a command are missing');
    expect(() => splitCommandWords(['pump-1'], false)).toThrow('the name of a command is missing');
    expect(() => splitCommandWords([], true)).toThrow('the name of a command is missing');
  });

  it('loses no word and keeps their order', () => {
    const word = fc.oneof(
      fc.constantFrom('-', '@f', 'a=1', '7', 'true', '{"x":1}', 'ping', 'pump-1', 'pump-*'),
      fc.string({ minLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 2 }), fc.boolean(), (words, selected) => {
        const { devices, name, payload } = splitCommandWords(words, selected);
        expect([...devices, name, ...payload]).toEqual(words);
        if (!selected) expect(devices.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the payload of a command', () => {
  const sources: PayloadSources = {
    readFile: async (path) => `\ufeff{"from":"${path}"}`,
    readStandardInput: async () => '[1, 2]\n',
  };

  it.each([
    [[], null],
    [['a=1', 'b.c="7"', 'b.d=x y'], { a: 1, b: { c: '7', d: 'x y' } }],
    [['@some/file'], { from: 'some/file' }],
    [['-'], [1, 2]],
    [['30'], 30],
    [['{"a":"b=c"}'], { a: 'b=c' }],
    [['"text"'], 'text'],
  ])('%j', async (words, expected) => {
    expect(await readPayload(words, sources)).toEqual(expected);
  });

  it('when it is not valid, then it says where', async () => {
    expect(await failureOf(readPayload(['a=1', '@f'], sources))).toMatchObject({ code: 'usage' });
    expect(await failureOf(readPayload(['a=1', 'a.b=2'], sources))).toMatchObject({ code: 'invalid-value' });
    expect(await failureOf(readPayload(['a={'], sources))).toMatchObject({ code: 'invalid-value' });
    const empty = await failureOf(readPayload(['-'], { ...sources, readStandardInput: async () => '\n' }));
    expect(empty).toMatchObject({ code: 'invalid-input', message: 'standard input is not valid JSON: it is empty' });
    const broken = await failureOf(readPayload(['@f.json'], { ...sources, readFile: async () => '{' }));
    expect(broken.message).toMatch(/^f\.json is not valid JSON/);
  });
});
