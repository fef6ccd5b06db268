import { expect, test } from 'vitest';
import { withoutTrailing } from '../../src/std/without-trailing.ts';

test('only what is at the end goes', () => {
  expect(withoutTrailing('/a//b///', '/')).toBe('/a//b');
  expect(withoutTrailing('==', '=')).toBe('');
  expect(withoutTrailing('', '=')).toBe('');
  expect(withoutTrailing('=a', '=')).toBe('=a');
});
