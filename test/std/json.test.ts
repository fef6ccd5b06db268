import { describe, expect, it } from 'vitest';
import { parseJsonObject } from '../../src/std/json.ts';

describe('parseJsonObject', () => {
  it('gives the object in a text', () => {
    expect(parseJsonObject(' {"a":[1]} ')).toEqual({ a: [1] });
  });

  it.each(['', '{', 'null', '[]', '"{}"', '1', '<html>'])('gives nothing for %j', (text) => {
    expect(parseJsonObject(text)).toBeUndefined();
  });
});
