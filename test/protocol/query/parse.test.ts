import { describe, expect, test } from 'vitest';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import {
  parseCondition,
  parseQuery,
  pointAt,
  queryErrorPlace,
  queryLimits,
} from '../../../src/protocol/query/index.ts';

function failure(run: () => unknown): HubError {
  try {
    run();
  } catch (error) {
    if (error instanceof HubError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** The condition of a query over devices. */
const where = (condition: string) => parseQuery(`SELECT * FROM devices WHERE ${condition}`).where;
const path = (...segments: (string | number)[]) => ({ kind: 'path', segments });
const literal = (value: unknown) => ({ kind: 'literal', value });
const equal = (left: unknown, right: unknown) => ({ kind: 'compare', operator: '=', left, right });

// Grammar: service.md §5.2.
describe('queries', () => {
  test.each(['SELECT * FROM devices', 'select*from DEVICES', '/* all */ Select /* of */ * From devices /**/'])(
    '%s',
    (text) => {
      expect(parseQuery(text)).toEqual({
        select: 'all',
        top: undefined,
        source: 'devices',
        where: undefined,
        groupBy: [],
      });
    },
  );

  test('when a query has every clause, then the tree has every part', () => {
    const text =
      'SELECT TOP 5 tags.site AS site, COUNT() AS n, AVG(properties.reported.t) FROM devices WHERE tags.a = 1 GROUP BY tags.site, status';
    expect(parseQuery(text)).toEqual({
      select: [
        { kind: 'path', segments: ['tags', 'site'], name: 'site' },
        { kind: 'aggregate', aggregate: 'COUNT', segments: undefined, name: 'n' },
        { kind: 'aggregate', aggregate: 'AVG', segments: ['properties', 'reported', 't'], name: '$1' },
      ],
      top: 5,
      source: 'devices',
      where: equal(path('tags', 'a'), literal(1)),
      groupBy: [['tags', 'site'], ['status']],
    });
  });

  test('when names of the system come in any case, then they come out in one; names of the user keep theirs', () => {
    const query = parseQuery(
      'SELECT DEVICEID, Tags.Site, PROPERTIES.Reported.Link.$VERSION, capabilities.IOTEDGE, tags.A.Status FROM Devices',
    );
    expect(query.select).toEqual([
      { kind: 'path', segments: ['deviceId'], name: 'deviceId' },
      { kind: 'path', segments: ['tags', 'Site'], name: 'Site' },
      { kind: 'path', segments: ['properties', 'reported', 'Link', '$VERSION'], name: '$VERSION' },
      { kind: 'path', segments: ['capabilities', 'iotEdge'], name: 'iotEdge' },
      { kind: 'path', segments: ['tags', 'A', 'Status'], name: 'Status' },
    ]);
  });

  test.each([
    ['SELECT * FROM devices.modules WHERE moduleId = 1', 'devices.modules'],
    ["SELECT * FROM Devices.Jobs WHERE devices.jobs.jobId = 'x' AND Status = 'failed'", 'devices.jobs'],
  ])('%s', (text, source) => {
    expect(parseQuery(text).source).toBe(source);
  });

  test('when a job condition names its source, then the path is the same as without', () => {
    expect(parseQuery('SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 1').where).toEqual(
      equal(path('jobId'), literal(1)),
    );
  });
});

describe('conditions', () => {
  test.each([
    ['tags.a=1 or tags.b=2 and tags.c=3', where('tags.a=1 OR (tags.b=2 AND tags.c=3)')],
    ['not tags.a = 1 and tags.b = 2', where('(NOT (tags.a = 1)) AND tags.b = 2')],
    ['1 + 2 * 3 - 4 = 5', where('((1 + (2 * 3)) - 4) = 5')],
    ['-tags.a * 2 = 1', where('(-(tags.a)) * 2 = 1')],
    ['tags.a <> 1', where('tags.a != 1')],
    ['tags.a IN [1]', where('tags.a in [ 1 ]')],
    ['IS_DEFINED(tags.a)', where('isDefined(tags.a)')],
    ["STARTSWITH(deviceId, 'a')", where("starts_with(DeviceId, 'a')")],
    ['tags.[[order]].[[a b]][0].x = 1', where('tags.order.[[a b]][ 0 ] . x = 1')],
  ])('%s', (text, same) => {
    expect(where(text)).toEqual(same);
  });

  test.each([
    ["'a'", 'a'],
    ['"a\'b"', "a'b"],
    [String.raw`'it\'s \"\\ \u00e9\n'`, 'it\'s "\\ é\n'],
    ["'it''s'", "it's"],
    ['"a""b"', 'a"b'],
    ["''", ''],
    ['1', 1],
    ['-1.5', -1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['0x1F', 31],
    ['TRUE', true],
    ['False', false],
    ['null', null],
    ['undefined', undefined],
  ])('when a literal is %s, then its value is %j', (text, value) => {
    expect(where(`tags.a = ${text}`)).toEqual(equal(path('tags', 'a'), literal(value)));
  });

  test('when a list is given, then its items are literals', () => {
    expect(where("tags.a NIN ['x', -1, null, true, 0xF]")).toEqual({
      kind: 'in',
      negated: true,
      operand: path('tags', 'a'),
      items: ['x', -1, null, true, 15],
    });
  });

  test('when other roots are given, then they begin paths beside the twin, and unknown names go to the default root', () => {
    const scope = { roots: ['body', '$body', 'properties', '$system'], defaultRoot: 'body' };
    expect(parseCondition('temperature > 1', scope)).toMatchObject({ left: path('body', 'temperature') });
    expect(parseCondition('$BODY.Temperature > 1', scope)).toMatchObject({ left: path('$body', 'Temperature') });
    expect(parseCondition('properties.Desired = 1', scope)).toMatchObject({ left: path('properties', 'Desired') });
    expect(parseCondition('TAGS.site = 1', scope)).toMatchObject({ left: path('tags', 'site') });
    expect(parseCondition('tags.site = 1', { ...scope, twin: false })).toMatchObject({
      left: path('body', 'tags', 'site'),
    });
    expect(failure(() => parseCondition('tags.site = 1', { roots: ['body'], twin: false })).message).toContain(
      'expected one of body (',
    );
  });
});

describe('errors', () => {
  // The text under the carets, and what the message must say.
  test.each([
    ['', '', 'expected SELECT, found the end'],
    ['SELECT', '', "expected '*', a property or an aggregate"],
    ['SELECT *', '', 'expected FROM, found the end'],
    ['SELECT * FROM twins', 'twins', 'expected devices, devices.modules or devices.jobs'],
    ['SELECT * FROM devices.things', 'things', 'expected modules or jobs'],
    ['SELECT TOP 0 * FROM devices', '0', 'a whole number from 1 after TOP'],
    ['SELECT TOP * FROM devices', '*', 'a whole number from 1 after TOP'],
    ['SELECT DISTINCT status FROM devices', 'DISTINCT', 'not part of'],
    ['SELECT * FROM devices ORDER BY deviceId', 'ORDER', 'ORDER BY is not part of'],
    ['SELECT * FROM devices c', 'c', 'expected WHERE, GROUP BY or the end'],
    ['SELECT * FROM devices WHERE tags.a = 1 tags.b', 'tags', 'expected AND, OR, GROUP BY or the end'],
    ['SELECT color FROM devices', 'color', "unknown property 'color', expected one of deviceId"],
    ['SELECT moduleId FROM devices', 'moduleId', "unknown property 'moduleId'"],
    ['SELECT tags.a.x, tags.b.x FROM devices', 'tags', "two columns have the name 'x'"],
    ['SELECT COUNT(tags.a) FROM devices', 'tags', 'COUNT takes no argument'],
    ['SELECT MEDIAN(tags.a) FROM devices', 'MEDIAN', 'expected COUNT, AVG, SUM, MIN or MAX'],
    ['SELECT tags.a, COUNT() AS n FROM devices', 'tags', 'expected it in GROUP BY too'],
    ['SELECT * FROM devices GROUP BY status', '', 'not *'],
    ['SELECT COUNT() AS n FROM devices.modules GROUP BY status', 'GROUP', 'over devices only'],
    ['SELECT jobId FROM devices.jobs', 'jobId', "expected '*'"],
    ['SELECT * FROM devices WHERE', '', 'expected a property, a value, a function'],
    ['SELECT * FROM devices WHERE tags.a == 1', '=', "one '='"],
    ['SELECT * FROM devices WHERE tags.a NOT IN [1]', 'NOT', 'the opposite of IN is NIN'],
    ["SELECT * FROM devices WHERE tags.a like 'x%'", 'like', 'use STARTSWITH'],
    ['SELECT * FROM devices WHERE tags.a BETWEEN 1 AND 2', 'BETWEEN', '>= and <='],
    ['SELECT * FROM devices WHERE tags.a IS NOT NULL', 'IS', 'IS_DEFINED'],
    ['SELECT * FROM devices WHERE tags.a = 1 = 2', '=', 'needs parentheses'],
    ['SELECT * FROM devices WHERE (tags.a = 1', '', "expected ')', found the end"],
    ['SELECT * FROM devices WHERE tags. = 1', '=', "expected a name after '.'"],
    ['SELECT * FROM devices WHERE tags.a[x] = 1', 'x', 'array index'],
    ['SELECT * FROM devices WHERE tags.a[1.5] = 1', '1.5', 'array index'],
    ['SELECT * FROM devices WHERE tags.a IN 1', '1', "expected '[' after IN"],
    ['SELECT * FROM devices WHERE tags.a IN []', ']', 'expected a string, a number'],
    ['SELECT * FROM devices WHERE tags.a IN [tags.b]', 'tags', 'expected a string, a number'],
    ['SELECT * FROM devices WHERE LIKE(tags.a)', 'LIKE', "unknown function 'LIKE', expected one of IS_DEFINED"],
    ['SELECT * FROM devices WHERE CONTAINS(tags.a)', 'CONTAINS', 'CONTAINS takes 2 arguments, not 1'],
    ["SELECT * FROM devices WHERE IS_DEFINED('x')", "'x'", 'expected a property, found a string'],
    ["SELECT * FROM devices WHERE tags.a = 'x", "'", 'not closed'],
    [String.raw`SELECT * FROM devices WHERE tags.a = '\x'`, String.raw`\x`, 'unknown escape'],
    [String.raw`SELECT * FROM devices WHERE tags.a = '\u12'`, String.raw`\u`, 'four hexadecimal digits'],
    [String.raw`SELECT * FROM devices WHERE tags.a = '\ud800'`, String.raw`'\ud800'`, 'surrogate'],
    ['SELECT * FROM devices WHERE tags.[[a = 1', '[[', 'not closed'],
    ['SELECT * FROM devices WHERE tags.[[]] = 1', '[[]]', 'empty'],
    ['SELECT * /* FROM devices', '/*', 'comment is not closed'],
    ['SELECT * FROM devices WHERE tags.a = 12ab', 'a', 'followed by a letter'],
    ['SELECT * FROM devices WHERE tags.a = 1e999', '1e999', 'too large'],
    ['SELECT * FROM devices; DROP', ';', 'a semicolon'],
    ['SELECT * FROM devices WHERE tags.a = \u0007', '\u0007', 'U+0007'],
  ])('%s', (text, place, message) => {
    const error = failure(() => parseQuery(text));
    expect(error.symbol).toBe('ArgumentInvalid');
    expect(error.message).toContain(message);
    // SDKs cut the text at a semicolon (service.md §0.4).
    expect(error.message).not.toContain(';');
    const found = queryErrorPlace(error);
    expect(found).toBeDefined();
    expect(error.message).toContain(`(at character ${(found?.position ?? 0) + 1})`);
    expect(text.slice(found?.position, (found?.position ?? 0) + (found?.length ?? 0))).toBe(place);
  });

  test('when the place is shown, then the carets stand under it, however far in the text it is', () => {
    expect(pointAt('SELECT * FROM twins', { position: 14, length: 5 })).toBe(
      'SELECT * FROM twins\n              ^^^^^',
    );
    const far = `${'x'.repeat(500)}WRONG${'y'.repeat(500)}`;
    const [line = '', carets = ''] = pointAt(far, { position: 500, length: 5 }).split('\n');
    expect(line.length).toBeLessThanOrEqual(72);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('WRONG');
  });
});

describe('limits', () => {
  test('when a text is longer than the service takes, then it is refused before it is read', () => {
    const error = failure(() => parseQuery(`SELECT * FROM devices WHERE tags.a = '${'x'.repeat(queryLimits.length)}'`));
    expect(error.message).toContain('at most 8192 characters');
  });

  test.each([
    ['parentheses', '('],
    ['NOT', 'NOT '],
    ['minus signs', '- '],
    ['plus signs', '+ '],
    ['calls', 'ABS('],
  ])('when %s are nested without end, then the text is refused and the stack survives', (_, opening) => {
    const error = failure(() => parseCondition(opening.repeat(Math.floor(8000 / opening.length))));
    expect(error.message).toContain('nesting');
  });

  test('when arithmetic is chained without end, then it is refused; AND and OR may be', () => {
    expect(failure(() => parseCondition(`${'1+'.repeat(4000)}1 = 1`)).message).toContain('arithmetic');
    expect(parseCondition(`${'1 OR '.repeat(1600)}1`).kind).toBe('or');
  });
});
