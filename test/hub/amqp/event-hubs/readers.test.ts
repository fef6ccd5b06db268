import { describe, expect, it } from 'vitest';
import type { AmqpError } from '../../../../src/hub/amqp/route.ts';
import { LinkRefusal } from '../../../../src/hub/amqp/route.ts';
import { Readers, type Reader } from '../../../../src/hub/amqp/event-hubs/readers.ts';

function reader(name: string, epoch?: number): Reader & { readonly ends: AmqpError[] } {
  const ends: AmqpError[] = [];
  return { name, epoch, ends, detach: (error) => void ends.push(error) };
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof LinkRefusal) return error.error.condition;
  }
  return 'none';
}

describe('readers of a partition (service.md §9.8)', () => {
  it('when there are five without an epoch, then the sixth is refused until one leaves', () => {
    const readers = new Readers();
    const leave = Array.from({ length: 5 }, (_, index) => readers.enter('g', 0, reader(`r${index}`)));
    expect(refusalOf(() => readers.enter('g', 0, reader('sixth')))).toBe('amqp:resource-limit-exceeded');
    leave[0]?.();
    expect(refusalOf(() => readers.enter('g', 0, reader('sixth')))).toBe('none');
  });

  it('when other groups and partitions are read, then they do not count', () => {
    const readers = new Readers();
    for (let index = 0; index < 5; index++) readers.enter('g', 0, reader(`r${index}`));
    expect(refusalOf(() => readers.enter('g', 1, reader('other partition')))).toBe('none');
    expect(refusalOf(() => readers.enter('h', 0, reader('other group')))).toBe('none');
  });

  it('when one comes with an epoch, then those without lose the partition', () => {
    const readers = new Readers();
    const plain = reader('plain');
    readers.enter('g', 0, plain);
    readers.enter('g', 0, reader('owner', 0));
    expect(plain.ends.map(({ condition }) => condition)).toEqual(['amqp:link:stolen']);
  });

  it('when one has a higher or the same epoch, then it displaces the owner; a lower one and one without are refused', () => {
    const readers = new Readers();
    const first = reader('first', 1);
    const second = reader('second', 1);
    const third = reader('third', 5);
    readers.enter('g', 0, first);
    readers.enter('g', 0, second);
    readers.enter('g', 0, third);
    expect([first, second, third].map(({ ends }) => ends.length)).toEqual([1, 1, 0]);
    expect(refusalOf(() => readers.enter('g', 0, reader('late', 4)))).toBe('amqp:link:stolen');
    expect(refusalOf(() => readers.enter('g', 0, reader('plain')))).toBe('amqp:link:stolen');
  });

  it('when a displaced reader leaves afterwards, then the new owner stays', () => {
    const readers = new Readers();
    const leave = readers.enter('g', 0, reader('first', 1));
    readers.enter('g', 0, reader('second', 2));
    leave();
    expect(refusalOf(() => readers.enter('g', 0, reader('plain')))).toBe('amqp:link:stolen');
  });
});
