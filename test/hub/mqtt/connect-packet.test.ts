import * as fc from 'fast-check';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { readConnect, type ConnectPacket } from '../../../src/hub/mqtt/connect-packet.ts';

const text = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((value) => !value.includes('\0') && value.isWellFormed());
const bytes = fc.uint8Array({ maxLength: 40 });
const packets = fc.record({
  clientId: text.filter((id) => id !== ''),
  clean: fc.boolean(),
  keepalive: fc.nat(0xffff),
  username: fc.option(
    text.filter((name) => name !== ''),
    { nil: undefined },
  ),
  password: fc.option(
    text.filter((password) => password !== ''),
    { nil: undefined },
  ),
  will: fc.option(
    fc.record({
      topic: text.filter((topic) => topic !== ''),
      payload: bytes.map((body) => Buffer.from(body)),
      qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
      retain: fc.boolean(),
    }),
    { nil: undefined },
  ),
});

function encode({
  username,
  password,
  will,
  ...rest
}: typeof packets extends fc.Arbitrary<infer One> ? One : never): Buffer {
  const packet: IConnectPacket = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, ...rest };
  if (username !== undefined) packet.username = username;
  if (username !== undefined && password !== undefined) packet.password = Buffer.from(password);
  if (will !== undefined) packet.will = will;
  return mqttPacket.generate(packet);
}

/** Where the level of `MQTT` ends, behind the length in its one or two bytes. */
function read(packet: Buffer): ConnectPacket | undefined {
  const start = packet.length - 2 < 0x80 ? 2 : 3;
  return readConnect({ buffer: packet, at: 0, start, end: packet.length }, start + 7);
}

describe('a CONNECT', () => {
  it('when it is well-formed, then it reads as what was written', () => {
    fc.assert(
      fc.property(packets, (values) => {
        const { clientId, clean, keepalive, username, password, will } = values;
        const expected = {
          clientId,
          clean,
          keepAlive: keepalive,
          username: username ?? '',
          password: username === undefined ? undefined : password,
          will: will && { topic: will.topic, qos: will.qos, retain: will.retain, body: Uint8Array.from(will.payload) },
        };
        expect(read(encode(values))).toEqual(expected);
      }),
    );
  });

  it('when bytes of it are others, or missing, then it is taken only if a general parser takes it too', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(packets, edits, fc.nat(3), (values, changes, cut) => {
        const whole = encode(values);
        const packet = whole.subarray(0, whole.length - cut);
        const start = whole.length - 2 < 0x80 ? 2 : 3;
        // Name, level and length are others' to look at.
        for (const [at, value] of changes) packet[start + 7 + (at % (packet.length - start - 7))] = value;
        const ours = read(packet);
        if (ours === undefined) return;
        const theirs = parse(packet, start);
        expect(theirs).toMatchObject({ cmd: 'connect', clientId: ours.clientId, keepalive: ours.keepAlive });
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['a reserved flag', 0x03],
    ['a will of QoS 3', 0x1e],
    ['a QoS without a will', 0x0a],
    ['a retained will that is not there', 0x22],
    ['a password without a user name', 0x42],
  ])('when it has %s, then it is malformed', (_, flags) => {
    const packet = mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'd',
      clean: true,
      keepalive: 1,
    });
    expect(read(packet)).toMatchObject({ clientId: 'd' });
    packet[9] = flags;
    expect(read(Buffer.concat([packet, Buffer.from([0, 1, 0x61, 0, 1, 0x61])]))).toBeUndefined();
    expect(read(packet)).toBeUndefined();
  });

  it('when more follows its last field, or a text is none, then it is malformed', () => {
    const packet = encode({
      clientId: 'd',
      clean: true,
      keepalive: 1,
      username: 'name',
      password: 'p',
      will: undefined,
    });
    expect(read(Buffer.concat([packet, Buffer.from([0])]))).toBeUndefined();
    packet[packet.length - 5] = 0xff;
    expect(read(packet)).toBeUndefined();
    packet[packet.length - 5] = 0;
    expect(read(packet)).toBeUndefined();
  });
});

function parse(packet: Buffer, start: number): Packet | undefined {
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let parsed: Packet | undefined;
  parser.on('packet', (found) => (parsed = found));
  parser.on('error', () => undefined);
  const whole = Buffer.from(packet);
  const length = whole.length - start;
  if (start === 2) whole[1] = length;
  else {
    whole[1] = (length & 0x7f) | 0x80;
    whole[2] = length >> 7;
  }
  parser.parse(whole);
  return parsed;
}
