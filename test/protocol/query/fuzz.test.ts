import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { formatQuery, parseCondition, parseQuery, queryErrorPlace } from '../../../src/protocol/query/index.ts';

const keywords =
  'SELECT TOP * FROM devices . modules WHERE GROUP BY AS AND OR NOT IN NIN ( ) [ ] [[ ]] is_defined COUNT AVG';
const rest = String.raw`tags deviceId a $version 1 0x 1e 'x' ' " \ /* */ = <> < + - % , ;`;
const pieces = fc.constantFrom(...`${keywords} ${rest}`.split(' '));

const soup = fc.oneof(
  fc.array(pieces, { maxLength: 40 }).map((words) => words.join(' ')),
  fc.array(pieces, { maxLength: 20 }).map((words) => `SELECT * FROM devices WHERE ${words.join('')}`),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** Runs a parser; whatever is wrong must be an error of the language, with a place inside the text. */
function check(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const place = queryErrorPlace(error);
    expect(place?.position).toBeGreaterThanOrEqual(0);
    expect(place?.position).toBeLessThanOrEqual(text.length);
    expect(error.message).not.toContain(';');
    return undefined;
  }
}

test('when a text is nonsense, then the error says where, and nothing else is thrown', () => {
  fc.assert(
    fc.property(soup, (text) => {
      check(text, (source) => parseCondition(source, { roots: ['body'], defaultRoot: 'body' }));
      const query = check(text, parseQuery) as ReturnType<typeof parseQuery> | undefined;
      if (query !== undefined) expect(parseQuery(formatQuery(query))).toEqual(query);
    }),
    { numRuns: 5000 },
  );
});
