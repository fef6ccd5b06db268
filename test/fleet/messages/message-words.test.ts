import { expect, test } from 'vitest';
import { readMessageBody, splitMessageWords } from '../../../src/fleet/messages/index.ts';

test.each([
  [['d1', 'hello'], false, ['d1'], 'hello'],
  [['d1', 'pump-*', '{"a":1}'], false, ['d1', 'pump-*'], '{"a":1}'],
  [['hello'], true, [], 'hello'],
  [['d1', ''], false, ['d1'], ''],
])('when the words are %j (selected otherwise: %s), then the last is the body', (words, selected, devices, body) => {
  expect(splitMessageWords(words, selected)).toEqual({ devices, body });
});

test.each([
  [[], false],
  [['d1'], false],
  [[], true],
])('when the words are %j (selected otherwise: %s), then something is missing', (words, selected) => {
  expect(() => splitMessageWords(words, selected)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
});

test('when the body is a file or standard input, then its bytes are taken as they are', async () => {
  const sources = {
    readFile: (path: string) => Promise.resolve(Buffer.from(`file ${path}`)),
    readStandardInput: () => Promise.resolve(Buffer.from([0, 255])),
  };
  expect(await readMessageBody('@a b', sources)).toEqual(Buffer.from('file a b'));
  expect(await readMessageBody('-', sources)).toEqual(Buffer.from([0, 255]));
  expect(await readMessageBody('é', sources)).toEqual(Buffer.from('é'));
});
