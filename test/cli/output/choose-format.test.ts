import { expect, test } from 'vitest';
import { chooseFormat } from '../../../src/cli/output/choose-format.ts';

const text = { name: 'sas create', output: 'text' } as const;
const json = { format: 'json', source: 'flag' } as const;

test('when a command writes text alone, then a flag for another form is refused', () => {
  expect(() => chooseFormat(text, json, false)).toThrow(
    expect.objectContaining({ code: 'invalid-value', hint: expect.stringContaining('leave the flag out') }),
  );
});

test('when such a command has formats of its own, then the hint names their flag', () => {
  const options = [{ name: 'format', type: 'string', summary: '' }] as const;
  expect(() => chooseFormat({ ...text, options }, json, false)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('--format') }),
  );
});

test('when a variable asks such a command for another form, then it gives way', () => {
  expect(chooseFormat(text, { format: 'json', source: 'environment' }, false)).toBe('table');
});

test('when a command writes nothing, then the flag is about errors alone', () => {
  expect(chooseFormat({ name: 'module delete', output: 'none' }, json, false)).toBe('table');
});
