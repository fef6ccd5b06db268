import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bodyAsJson,
  bodyAsText,
  fromStreamMessage,
  parseStreamLine,
  type StreamMessage,
} from '../../../src/protocol/telemetry/index.ts';

const line: StreamMessage = { d: 'pump-1', p: 2, n: 41, t: Date.UTC(2026, 0, 1), b: '{"flow":3}' };

describe('fromStreamMessage', () => {
  it('unfolds the short keys', () => {
    const message = fromStreamMessage({
      ...line,
      m: 'meter',
      s: { 'content-type': 'application/json' },
      a: { alarm: 'true' },
    });
    expect(message).toMatchObject({
      deviceId: 'pump-1',
      moduleId: 'meter',
      partition: 2,
      sequenceNumber: 41,
      enqueuedTime: '2026-01-01T00:00:00.000Z',
      system: { 'content-type': 'application/json' },
      properties: { alarm: 'true' },
    });
    expect(bodyAsJson(message)).toEqual({ flow: 3 });
  });

  it('when any bytes are carried in base64, or any text as it is, then they come back the same', () => {
    const { d, p, n, t } = line;
    const bodyOf = (carried: { b: string } | { x: string }): Buffer =>
      Buffer.from(fromStreamMessage(parseStreamLine(JSON.stringify({ d, p, n, t, ...carried })) as StreamMessage).body);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }), (bytes, text) => {
        expect(bodyOf({ x: Buffer.from(bytes).toString('base64') }).equals(bytes)).toBe(true);
        expect(bodyOf({ b: text }).toString()).toBe(text);
      }),
    );
  });
});

describe('parseStreamLine', () => {
  it('reads messages and marks', () => {
    expect(parseStreamLine(JSON.stringify(line))).toEqual(line);
    expect(parseStreamLine('{"position":"0:1","live":true}')).toEqual({ position: '0:1', live: true });
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"d":1}',
    '{"d":"a","p":0,"n":0,"t":0}',
    '{"d":"a","p":0,"n":-0.5,"t":0,"b":""}',
    '{"d":"a","p":0,"n":0,"t":1e300,"b":""}',
    '{"position":3}',
    '<html>',
  ])('when a line is %j, then it is neither', (text) => {
    expect(parseStreamLine(text)).toBeUndefined();
  });
});

describe('message bodies', () => {
  it('are text only in the encoding they name', () => {
    expect(bodyAsText({ body: Buffer.from('ä'), system: {} })).toBe('ä');
    expect(bodyAsText({ body: Buffer.from('ä'), system: { 'content-encoding': 'UTF-8' } })).toBe('ä');
    expect(bodyAsText({ body: Buffer.from('ä', 'utf16le'), system: { 'content-encoding': 'utf-16' } })).toBe('ä');
    expect(bodyAsText({ body: Buffer.from('a'), system: { 'content-encoding': 'gzip' } })).toBeUndefined();
    expect(bodyAsText({ body: Uint8Array.of(0xff), system: {} })).toBeUndefined();
    expect(bodyAsText({ body: Uint8Array.of(0x61), system: { 'content-encoding': 'utf-16' } })).toBeUndefined();
  });

  it('are JSON where they are JSON, whatever their type says', () => {
    expect(bodyAsJson({ body: Buffer.from('3'), system: {} })).toBe(3);
    expect(bodyAsJson({ body: Buffer.from(''), system: {} })).toBeUndefined();
    expect(bodyAsJson({ body: Buffer.from('{'), system: { 'content-type': 'application/json' } })).toBeUndefined();
  });

  it('reads a body that is a view into a larger buffer', () => {
    const whole = Buffer.from('xx{"a":1}yy');
    expect(bodyAsJson({ body: new Uint8Array(whole.buffer, whole.byteOffset + 2, 7), system: {} })).toEqual({ a: 1 });
  });
});
