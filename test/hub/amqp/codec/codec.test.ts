import * as fc from 'fast-check';
import rhea, { type Message } from 'rhea';
import { describe, expect, it } from 'vitest';
import { bodyOf, decodeMessage } from '../../../../src/hub/amqp/codec/decode-message.ts';
import { encodeMessage } from '../../../../src/hub/amqp/codec/encode-message.ts';
import { DecodeError, Reader } from '../../../../src/hub/amqp/codec/reader.ts';
import { readPerformative } from '../../../../src/hub/amqp/codec/performatives.ts';
import { AmqpUuid, int, long, strings, ubyte, ulong, type Writable } from '../../../../src/hub/amqp/codec/values.ts';

const read = (...bytes: number[]): unknown => {
  const buffer = Buffer.from(bytes);
  return new Reader(buffer, 0, buffer.length).read();
};

function textOfBody(body: unknown): string {
  return Buffer.from(bodyOf(decodeMessage(rhea.message.encode({ body })))).toString();
}

describe('values on the wire', () => {
  it('reads what rhea writes, whatever the text and numbers are', () => {
    const properties = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.boolean(), fc.integer()), {
      noNullPrototype: false,
    });
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), properties, (messageId, body, applicationProperties) => {
        const names = Object.keys(applicationProperties).filter((name) => name !== '__proto__');
        const application_properties = Object.fromEntries(names.map((name) => [name, applicationProperties[name]]));
        const encoded = rhea.message.encode({
          message_id: messageId,
          application_properties,
          body: rhea.message.data_section(Buffer.from(body)),
        });
        const message = decodeMessage(encoded);
        expect(message.properties.messageId).toBe(messageId);
        expect(Buffer.from(bodyOf(message)).equals(Buffer.from(body))).toBe(true);
        for (const name of names) expect(message.applicationProperties.get(name)).toBe(applicationProperties[name]);
      }),
    );
  });

  it('writes what rhea reads, each number with the type that was asked for', () => {
    const encoded = encodeMessage({
      annotations: new Map<string, Writable>([
        ['sequence', ulong(7)],
        ['count', ubyte(3)],
        ['version', long(-5)],
        ['when', new Date(1_700_000_000_000)],
      ]),
      properties: {
        correlationId: new AmqpUuid('00112233-4455-6677-8899-aabbccddeeff'),
        contentType: 'application/json',
      },
      applicationProperties: new Map([['status-code', int(200)]]),
      body: Buffer.from('{}'),
    });
    const message = rhea.message.decode(encoded) as unknown as Message & { body: { content: Buffer } };
    expect(message.message_annotations).toEqual({
      sequence: 7,
      count: 3,
      version: -5,
      when: new Date(1_700_000_000_000),
    });
    expect(rhea.uuid_to_string(message.correlation_id as unknown as Buffer)).toBe(
      '00112233-4455-6677-8899-aabbccddeeff',
    );
    expect(message).toMatchObject({ content_type: 'application/json', application_properties: { 'status-code': 200 } });
    expect(message.body.content.toString()).toBe('{}');
    expect(encoded.includes(Buffer.from([0x71, 0, 0, 0, 200]))).toBe(true);
  });

  it('writes arrays of texts, whatever their number', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const encoded = encodeMessage({ value: new Map([['ids', strings(texts)]]) });
        const value = decodeMessage(encoded).value as ReadonlyMap<string, unknown>;
        expect(value.get('ids')).toEqual(texts);
      }),
    );
  });

  it('keeps large integers exact', () => {
    expect(read(0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(2n ** 64n - 1n);
    expect(read(0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(-1);
  });

  it('takes a body of any kind as bytes', () => {
    expect(textOfBody('hello')).toBe('hello');
    expect(textOfBody({ a: [1, true] })).toBe('{"a":[1,true]}');
    expect(textOfBody(rhea.message.data_sections([Buffer.from('a'), Buffer.from('b')]))).toBe('ab');
    expect(textOfBody(rhea.message.sequence_section([1, 'x']))).toBe('[1,"x"]');
  });
});

describe('bytes that are not what they say', () => {
  it('when anything is read, then it is a value or a DecodeError, and soon', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          read(...bytes);
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('when a message has sections without end, then it is refused', () => {
    const empty = [0, 0x53, 0x75, 0xa0, 0];
    const message = (sections: number): Uint8Array =>
      Uint8Array.from(Array.from({ length: sections }, () => empty).flat());
    expect(decodeMessage(message(500)).data).toHaveLength(500);
    expect(() => decodeMessage(message(60_000))).toThrow(DecodeError);
  });

  it('when an array promises four thousand million elements of no size, then it is refused', () => {
    expect(() => read(0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x41)).toThrow(DecodeError);
  });

  it('when lists are nested a thousand deep, then they are refused', () => {
    const bytes = Array.from({ length: 1_000 }, (_, depth) => [0xd0, 0, 0, 0, 0, 0, 0, 0, 1].with(3, depth & 0)).flat();
    expect(() => read(...bytes)).toThrow(DecodeError);
    expect(() => read(...Array.from({ length: 1_000 }, () => 0))).toThrow(DecodeError);
  });

  it('when a frame begins past its end, then it is refused', () => {
    expect(() => readPerformative(Buffer.from([0, 0, 0, 8, 9, 0, 0, 0]))).toThrow(DecodeError);
  });
});
