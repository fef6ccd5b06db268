import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmqpDescribed } from '../../../../src/hub/amqp/codec/values.ts';
import { parseSelector, startPositionOf } from '../../../../src/hub/amqp/event-hubs/filter.ts';

describe('the filter of a receiver (service.md §9.6)', () => {
  it.each([
    ["amqp.annotation.x-opt-offset > '-1'", { sequenceNumber: 0 }],
    ["amqp.annotation.x-opt-offset > '@latest'", 'latest'],
    ["amqp.annotation.x-opt-offset > '41'", { sequenceNumber: 42 }],
    ["amqp.annotation.x-opt-offset >= '41'", { sequenceNumber: 41 }],
    ["amqp.annotation.x-opt-sequence-number > '7'", { sequenceNumber: 8 }],
    ["amqp.annotation.x-opt-sequence-number >= '7'", { sequenceNumber: 7 }],
    ["amqp.annotation.x-opt-enqueued-time > '1700000000000'", { time: 1_700_000_000_001 }],
    ["amqp.annotation.x-opt-enqueued-time >= '1700000000000'", { time: 1_700_000_000_000 }],
    ['amqp.annotation.x-opt-enqueuedtimeutc > 1700000000000', { time: 1_700_000_000_001 }],
    ['amqp.annotation.x-opt-sequence-number > 7', { sequenceNumber: 8 }],
    ['amqp.annotation.x-opt-offset > "12"', { sequenceNumber: 13 }],
    ["  amqp.annotation.x-opt-offset>'12'  ", { sequenceNumber: 13 }],
  ])('when it is %s, then reading begins at %o', (text, position) => {
    expect(parseSelector(text)).toEqual(position);
  });

  it.each([
    "amqp.annotation.x-opt-offset < '1'",
    "amqp.annotation.x-opt-offset > 'one'",
    "amqp.annotation.x-opt-enqueued-time > '@latest'",
    "amqp.annotation.x-opt-partition-key > '1'",
    "amqp.annotation.x-opt-offset > '1' OR 1 = 1",
    "amqp.annotation.x-opt-offset > '99999999999999999999'",
    'x-opt-offset > 1',
    '',
  ])('when it is %s, then it is not understood', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });

  it('when there is none, then reading begins with the oldest; when it is no text, then it is not understood', () => {
    expect(startPositionOf(new Map())).toEqual({ sequenceNumber: 0 });
    expect(startPositionOf(new Map([['apache.org:selector-filter:string', 7]]))).toBeUndefined();
  });

  it('when it is described, as SDKs write it, or bare, then its text is read', () => {
    const text = "amqp.annotation.x-opt-offset > '1'";
    const name = 'apache.org:selector-filter:string';
    expect(startPositionOf(new Map([[name, new AmqpDescribed(0x468c_0000_0004n, text)]]))).toEqual({
      sequenceNumber: 2,
    });
    expect(startPositionOf(new Map([[name, text]]))).toEqual({ sequenceNumber: 2 });
  });

  it('when it is any text, then reading it answers in bounds', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (value, wild) => {
        const position = parseSelector(wild ? value : `amqp.annotation.x-opt-offset > '${value}'`);
        if (typeof position === 'object' && 'sequenceNumber' in position)
          expect(Number.isSafeInteger(position.sequenceNumber) && position.sequenceNumber >= 0).toBe(true);
      }),
    );
  });
});
