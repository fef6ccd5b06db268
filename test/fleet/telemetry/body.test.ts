import { describe, expect, it } from 'vitest';
import { fieldsOf, messageAsJson, messageAsRow, readBody, selectFields } from '../../../src/fleet/telemetry/index.ts';
import { message } from '../../support/memory-hub.ts';

describe('a body', () => {
  it('is JSON, text or bytes; control characters make it bytes', () => {
    expect(readBody(message('d', 0, { a: 1 }))).toEqual({ kind: 'json', value: { a: 1 } });
    expect(readBody(message('d', 0, Buffer.from('hello\n')))).toEqual({ kind: 'text', text: 'hello\n' });
    expect(readBody(message('d', 0, Buffer.from('\u001b[2J')))).toMatchObject({ kind: 'binary' });
    expect(readBody(message('d', 0, Uint8Array.of(0xff, 0x00)))).toMatchObject({ kind: 'binary' });
    expect(readBody(message('d', 0, new Uint8Array(0)))).toEqual({ kind: 'text', text: '' });
  });

  it('gives its members by dotted names', () => {
    expect(fieldsOf({ a: { b: 1, c: { d: null } }, e: [1, { f: 2 }], g: {} })).toEqual([
      ['a.b', 1],
      ['a.c.d', null],
      ['e', [1, { f: 2 }]],
      ['g', {}],
    ]);
    expect(fieldsOf(5)).toEqual([['', 5]]);
  });

  it('gives the members asked for, in that order; arrays by number, names with dots, properties of the message', () => {
    const sent = message('d', 0, { a: { b: [10, 20] }, 'x.y': { z: 1 } }, { properties: { alert: 'yes' } });
    expect(selectFields(sent, ['x.y.z', 'a.b.1', 'alert', 'absent', 'a.b.9', 'a.__proto__'])).toEqual([
      ['x.y.z', 1],
      ['a.b.1', 20],
      ['alert', 'yes'],
    ]);
  });
});

function keys(body: unknown): string[] {
  return Object.keys(messageAsRow(message('d', 3, body), { binary: 'hex' }));
}

describe('a message as JSON', () => {
  const head = { deviceId: 'd', enqueuedTime: '2026-01-01T00:00:03.000Z' };

  it('has stable keys', () => {
    const sent = message('d', 3, { a: 1 }, { properties: { p: 'q' }, system: { 'message-id': 'm' } });
    expect(messageAsJson(sent, { binary: 'hex' })).toEqual({
      ...head,
      partition: 0,
      sequenceNumber: 3,
      properties: { p: 'q' },
      system: { 'message-id': 'm' },
      body: { a: 1 },
    });
    expect(messageAsJson(sent, { binary: 'hex', select: ['a', 'b'] })).toEqual({ ...head, body: { a: 1 } });
  });

  it('shows bytes as hex or base64', () => {
    const sent = message('d', 3, Uint8Array.of(0xff, 0xad));
    expect(messageAsJson(sent, { binary: 'hex' })).toMatchObject({ bodyHex: 'ffad' });
    expect(messageAsJson(sent, { binary: 'base64' })).toMatchObject({ bodyBase64: '/60=' });
    expect(messageAsJson(sent, { binary: 'hex' })).not.toHaveProperty('body');
  });

  it('as a row it always has the same keys', () => {
    expect(keys({ a: 1 })).toEqual(keys(Uint8Array.of(0xff)));
    expect(messageAsRow(message('d', 3, { b: 2 }), { binary: 'hex', select: ['a', 'b'] })).toEqual({
      ...head,
      a: null,
      b: 2,
    });
  });
});
