import { describe, expect, it } from 'vitest';
import { codes, readPerformative } from '../../../src/hub/amqp/codec/performatives.ts';
import { AmqpDescribed, type AmqpValue } from '../../../src/hub/amqp/codec/values.ts';
import { Writer } from '../../../src/hub/amqp/codec/writer.ts';
import type { OutgoingEnd } from '../../../src/hub/amqp/links.ts';
import { Outgoing } from '../../../src/hub/amqp/outgoing.ts';

const link = { state: 'open', handle: 0, sendsSettled: false, settlesSecond: false } as OutgoingEnd;
const accepted = new AmqpDescribed(0x24, []);

function open(window: number): { outgoing: Outgoing; sent: number[]; outcomes: string[]; send: () => void } {
  const sent: number[] = [];
  const outcomes: string[] = [];
  const outgoing = new Outgoing({
    channel: 0,
    peerFrameBytes: 512,
    window,
    write(build) {
      const writer = new Writer();
      build(writer);
      const performative = readPerformative(writer.take());
      if (performative?.code === codes.transfer) sent.push(Number(performative.fields[1]));
    },
    guard: (action) => action(),
  });
  const send = (): void => outgoing.send(link, Buffer.of(1), Buffer.of(2), (outcome) => outcomes.push(outcome));
  return { outgoing, sent, outcomes, send };
}

const says = (code: number, ...fields: AmqpValue[]) => ({ channel: 0, code, fields, payload: Buffer.alloc(0) });

describe('what the hub sends in a session', () => {
  it.each([0xffff_ffff, 0x8000_0000, 0x7fff_ffff])(
    'when the peer says that its window is %d, then there is room',
    (window) => {
      const { outgoing, sent, send } = open(window);
      send();
      outgoing.flow(says(codes.flow, 1, window));
      send();
      send();
      expect(sent).toEqual([0, 1, 2]);
    },
  );

  it('when transfers are on their way, then they count against the window', () => {
    const { outgoing, sent, send } = open(2);
    send();
    send();
    send();
    expect(sent).toEqual([0, 1]);
    outgoing.flow(says(codes.flow, 1, 2));
    expect(sent).toEqual([0, 1]);
    outgoing.flow(says(codes.flow, 2, 2));
    expect(sent).toEqual([0, 1, 2]);
  });

  it('when a disposition goes over the end of the numbers, then it settles both sides of it', () => {
    const { outgoing, outcomes, send } = open(100);
    for (let count = 0; count < 5; count++) send();
    outgoing.disposition(says(codes.disposition, true, 0xffff_fff0, 1, true, accepted));
    expect(outcomes).toEqual(['accepted', 'accepted']);
    outgoing.disposition(says(codes.disposition, true, 0xffff_ffff, 2, true, accepted));
    expect(outcomes).toHaveLength(3);
  });

  it('when the last of a disposition is before its first, then nothing is settled', () => {
    const { outgoing, outcomes, send } = open(100);
    for (let count = 0; count < 5; count++) send();
    outgoing.disposition(says(codes.disposition, true, 4, 2, true, accepted));
    expect(outcomes).toEqual([]);
  });
});
