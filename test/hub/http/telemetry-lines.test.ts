import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineWriter, writeMark } from '../../../src/hub/http/telemetry-lines.ts';
import type { StoredMessage } from '../../../src/hub/core/ports.ts';
import { encodeBag } from '../../../src/protocol/mqtt/index.ts';
import { parseStreamLine } from '../../../src/protocol/telemetry/index.ts';

function message(parts: Partial<StoredMessage> & { deviceId?: string; modelId?: string }): StoredMessage {
  return {
    sender: {
      deviceId: parts.deviceId ?? 'pump',
      moduleId: '',
      source: 'Telemetry',
      generationId: '1',
      modelId: parts.modelId ?? '',
      auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
    },
    partition: 1,
    sequenceNumber: 7,
    enqueuedTime: 1_700_000_000_000,
    bag: '',
    body: new Uint8Array(),
    ...parts,
  };
}

test('when messages have every kind of text and bytes, each line reads back as the message', () => {
  const write = createLineWriter();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.dictionary(
        fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !name.startsWith('$.')),
        fc.string({ unit: 'grapheme' }),
      ),
      fc.oneof(
        fc.uint8Array(),
        fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
      ),
      (deviceId, properties, body) => {
        const text = write(
          message({ deviceId, bag: encodeBag({ system: { 'content-type': 'a;b' }, properties }), body }),
        );
        expect(text.endsWith('\n') && text.indexOf('\n') === text.length - 1).toBe(true);
        const line = JSON.parse(text) as Record<string, unknown>;
        expect(line).toMatchObject({ d: deviceId, p: 1, n: 7, t: 1_700_000_000_000, s: { 'content-type': 'a;b' } });
        expect(Object.entries(line['a'] ?? {})).toEqual(Object.entries(properties));
        expect(Buffer.from((line['b'] ?? line['x']) as string, line['b'] === undefined ? 'base64' : 'utf8')).toEqual(
          Buffer.from(body),
        );
      },
    ),
  );
});

test('when a model was announced, it wins over what the message claims, and nothing else is mixed up', () => {
  const write = createLineWriter();
  expect(JSON.parse(write(message({ bag: 'a=1', modelId: 'dtmi:x;1' })))).toMatchObject({
    s: { 'dt-dataschema': 'dtmi:x;1' },
    a: { a: '1' },
  });
  expect(JSON.parse(write(message({ bag: 'a=1' })))).toEqual({
    d: 'pump',
    p: 1,
    n: 7,
    t: 1_700_000_000_000,
    a: { a: '1' },
    b: '',
  });
});

test('when a mark is written, the stream format reads it', () => {
  const position = new Map([
    [1, 5],
    [0, 3],
  ]);
  expect(parseStreamLine(writeMark({ position, live: true, lost: 2 }).trim())).toEqual({
    position: '0:3,1:5',
    live: true,
    lost: 2,
  });
  expect(writeMark({ position, live: false, lost: 0 })).toBe('{"position":"0:3,1:5"}\n');
});
