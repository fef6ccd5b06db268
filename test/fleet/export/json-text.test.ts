import { expect, test } from 'vitest';
import { jsonText } from '../../../src/fleet/export/json-text.ts';
import { controls, foreignControls, sequences } from '../../support/terminal-model.ts';

test('JSON of an export is the same value, and nothing in it steers, reorders or hides', () => {
  const value = { text: [...sequences, ...controls, '\u{e0041}tag'].join('x'), plain: 'ä 😀' };
  expect(JSON.parse(jsonText(value))).toEqual(value);
  expect(foreignControls(jsonText(value))).toBe('');
  expect(jsonText({ plain: 'ä 😀' })).toBe('{"plain":"ä 😀"}');
});
