import { expect, test } from 'vitest';
import type { JsonValue } from '../../../src/std/json.ts';
import { readLimits, withLimit } from '../../../src/fleet/hub/limit-words.ts';

test('a file says limits by group, as numbers or with units; the command line goes over it', async () => {
  const read = await readLimits({ mqtt: { connectBytes: '8KiB', subscriptions: 7 }, http: {} });
  expect(read).toEqual({ mqtt: { connectBytes: 8_192, subscriptions: 7 }, http: {} });
  const chosen = ['mqtt.subscriptions=9', 'connections.total=100'].reduce(withLimit, read);
  expect(chosen).toEqual({ mqtt: { connectBytes: 8_192, subscriptions: 9 }, http: {}, connections: { total: 100 } });
});

test.each([
  [{ mqtt: { conectBytes: 1 } }, 'there is no limit "mqtt.conectBytes"', 'mqtt.connectBytes'],
  [{ mqt: {} }, 'there is no limit "mqt"', 'mqtt'],
  [{ mqtt: { connectBytes: '1s' } }, 'mqtt.connectBytes: "1s" is not from 1KiB to 320KiB', 'hub limits'],
  [{ mqtt: { connectBytes: null } }, 'mqtt.connectBytes must be a number', 'hub limits'],
  [{ mqtt: 5 }, 'mqtt must be an object of limits', 'hub limits'],
  [[], 'it must be an object of limits', 'hub limits'],
  [JSON.parse('{"__proto__": {"total": 1}}') as JsonValue, 'there is no limit "__proto__"', 'hub limits'],
])('the file %j is refused in words that help', async (value, message, hint) => {
  await expect(readLimits(value)).rejects.toThrow(
    expect.objectContaining({
      code: 'invalid-input',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test.each([
  ['mqtt.conectBytes=1', 'there is no limit "mqtt.conectBytes"', 'mqtt.connectBytes'],
  ['mqtt.connectBytes=', '"" is not from 1KiB', 'hub limits'],
  ['constructor=1', 'there is no limit "constructor"', 'hub limits'],
  ['', '"" says no value', 'hub limits'],
  ['connections', '"connections" says no value: NAME=VALUE', 'hub limits'],
  ['connection.total=1', 'there is no limit "connection.total"', 'did you mean connections.total?'],
])('--limit %s is refused in words that help', (words, message, hint) => {
  expect(() => withLimit({}, words)).toThrow(
    expect.objectContaining({
      code: 'invalid-value',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});
