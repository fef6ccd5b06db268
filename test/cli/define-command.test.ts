import { expect, test } from 'vitest';
import { optionalArg, requiredArg } from '../../src/cli/define-command.ts';
import { readSelector } from '../../src/cli/options/selector.ts';

const input = { args: { device: '', ids: [] }, options: {} };
const stdin = { stdin: undefined as never };

test('when a word is empty, then it is refused by its name', () => {
  const refused = expect.objectContaining({ code: 'usage', message: 'DEVICE is empty' });
  expect(() => requiredArg(input, 'device')).toThrow(refused);
  expect(() => optionalArg(input, 'device')).toThrow(refused);
});

test('when a word is left out, then there is none', () => {
  expect(optionalArg(input, 'file')).toBeUndefined();
});

test('when one id of several is empty, then none is taken', async () => {
  await expect(readSelector(stdin, input, ['pump-1', ''])).rejects.toMatchObject({ code: 'usage' });
  await expect(readSelector(stdin, input, ['pump-1'])).resolves.toEqual({ ids: ['pump-1'] });
});
