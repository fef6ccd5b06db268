import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createDoor, withinOpenFiles, type DoorPort } from '../../src/hub/door.ts';
import { defaultLimits, type HubLimits } from '../../src/hub/limits/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { fakeClock } from '../support/fake-clock.ts';

const plain: DoorPort = { secure: false, forOperators: false };
const secure: DoorPort = { secure: true, forOperators: false };
const http: DoorPort = { secure: false, forOperators: true };
let lastPort = 0;

type Peer = Socket & { readonly ended: 'reset' | 'destroyed' | undefined };

function peer(address = '10.0.0.1'): Peer {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: address,
    remotePort: ++lastPort,
    localPort: 1,
    ended: undefined as Peer['ended'],
    resetAndDestroy: () => end('reset'),
    destroy: () => end('destroyed'),
  });
  const end = (how: Peer['ended']): void => {
    socket.ended = how;
    socket.emit('close');
  };
  return socket as unknown as Peer;
}

function bench(limits: Partial<HubLimits['connections']>) {
  const clock = fakeClock();
  const told: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void told.push(fields) };
  const door = createDoor({ limits: { ...defaultLimits.connections, ...limits }, clock, log });
  return { clock, told, door };
}

test('connections beyond the total are reset; the last ones are for ports of operators', () => {
  const { door } = bench({ total: 4, operators: 2 });
  const devices = [peer(), peer()];
  for (const device of devices) expect(door.admit(device, plain)).toBe(true);
  const third = peer();
  expect([door.admit(third, plain), third.ended]).toEqual([false, 'reset']);
  expect(door.crowded).toBe(false);
  expect([door.admit(peer(), http), door.admit(peer(), http), door.admit(peer(), http)]).toEqual([true, true, false]);
  expect(door.crowded).toBe(true);
  expect(door.figures).toMatchObject({ open: 4, strangers: 4, refused: { full: 2 } });
  devices[0]?.destroy();
  expect(door.admit(peer(), http)).toBe(true);
});

test('a stranger past its grace makes room for the next, the oldest first; one within it stays', async () => {
  const { door, clock } = bench({ strangers: 2, strangerGraceMs: 2_000 });
  const [first, second, third, fourth] = [peer(), peer(), peer(), peer()];
  door.admit(first, plain);
  await clock.advance(1_000);
  door.admit(second, plain);
  expect(door.admit(third, plain)).toBe(false);
  await clock.advance(1_000);
  expect(door.admit(fourth, plain)).toBe(true);
  expect([first.ended, second.ended, third.ended]).toEqual(['destroyed', undefined, 'reset']);
  expect(door.figures).toMatchObject({ open: 2, strangers: 2, refused: { strangers: 1 }, evicted: { strangers: 1 } });
});

test('who has shown who it is makes room for nobody', async () => {
  const { door, clock } = bench({ strangers: 1 });
  const device = peer();
  door.admit(device, plain);
  expect(door.isStranger(device)).toBe(true);
  door.known(device);
  expect(door.isStranger(device)).toBe(false);
  await clock.advance(60_000);
  expect([door.admit(peer(), plain), device.ended]).toEqual([true, undefined]);
});

test('one address cannot keep the others out', async () => {
  const { door, clock } = bench({ strangers: 10, strangersPerAddress: 2 });
  const [oldest, next] = [peer(), peer()];
  expect([door.admit(oldest, plain), door.admit(next, plain), door.admit(peer(), plain)]).toEqual([true, true, false]);
  expect(door.admit(peer('10.0.0.2'), plain)).toBe(true);
  await clock.advance(5_000);
  expect([door.admit(peer(), plain), oldest.ended, next.ended]).toEqual([true, 'destroyed', undefined]);
});

test('handshakes are counted until they are over; the stream that comes out of one is the same peer', () => {
  const { door } = bench({ handshakes: 1 });
  const raw = peer();
  door.admit(raw, secure);
  expect([door.admit(peer(), secure), door.admit(peer(), plain)]).toEqual([false, true]);
  const { remoteAddress, remotePort, localPort } = raw;
  const stream = { remoteAddress, remotePort, localPort } as Socket;
  door.secured(stream);
  expect(door.admit(peer(), secure)).toBe(true);
  const inside = {};
  door.carries(inside, stream);
  expect([door.isStranger(stream), door.isStranger(inside)]).toEqual([true, true]);
  door.known(inside);
  expect([door.isStranger(stream), door.isStranger(inside)]).toEqual([false, false]);
});

test('that peers are turned away is said at once, and then every few seconds as long as it goes on', async () => {
  const { door, clock, told } = bench({ total: 0, operators: 0 });
  for (let round = 0; round < 100; round++) door.admit(peer(), plain);
  expect(told).toMatchObject([{ refused: { full: 1 } }]);
  await clock.advance(10_000);
  expect(told.at(-1)).toMatchObject({ refused: { full: 100 } });
  await clock.advance(60_000);
  expect(told).toHaveLength(2);
});

test('a process that may open few files takes fewer connections, and keeps some for operators all the same', () => {
  const { connections } = defaultLimits;
  expect(withinOpenFiles(connections, undefined)).toEqual({ limits: connections, lowered: false });
  expect(withinOpenFiles(connections, 1_000_000)).toEqual({ limits: connections, lowered: false });
  expect(withinOpenFiles(connections, 20_000)).toMatchObject({
    limits: { total: 19_744, operators: 64 },
    lowered: true,
  });
  expect(withinOpenFiles(connections, 256)).toMatchObject({ limits: { total: 192, operators: 48 }, lowered: true });
  for (const openFiles of [undefined, 20_000])
    expect(withinOpenFiles({ ...connections, total: 60 }, openFiles)).toMatchObject({
      limits: { total: 60, operators: 15 },
      lowered: false,
    });
});
