import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { models, type Model, type ModelRun, type Reading } from '../../../src/device/models/index.ts';
import { positionAlong, routes } from '../../../src/device/models/routes.ts';
import type { JsonValue } from '../../../src/std/json.ts';
import { seededRandom } from '../../../src/std/random.ts';

const monday = Date.UTC(2026, 0, 5, 9);
const all = [...models.values()];

function readings(of: Model, seed: string, count: number): Reading[] {
  const run = of.start(seededRandom(seed));
  let now = monday;
  return Array.from({ length: count }, () => {
    now += of.intervalSeconds * 1_000;
    return run.readAfter(of.intervalSeconds, now);
  });
}

function model(name: string): Model {
  const found = models.get(name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
}

test('the models of the mission are there', () => {
  expect([...models.keys()]).toEqual(['refrigerated-truck', 'oil-pump', 'elevator', 'batch-reactor', 'room']);
  expect(model('refrigerated-truck').intervalSeconds).toBe(300);
});

describe.each(all.map((each) => [each.name, each] as const))('%s', (_, each) => {
  test('gives the same readings for the same seed, and others for another', () => {
    expect(readings(each, '42:a', 50)).toEqual(readings(each, '42:a', 50));
    expect(readings(each, '42:a', 50)).not.toEqual(readings(each, '42:b', 50));
  });

  test('keeps to its first readings', () => {
    expect(readings(each, '42:a', 3)).toMatchSnapshot();
  });

  test('sends exactly the fields it declares', () => {
    for (const { body } of readings(each, '1:x', 20)) expect(Object.keys(body)).toEqual(Object.keys(each.fields));
  });

  test('stays sane whatever time passes and whatever it is told', () => {
    const names = [...Object.keys(each.commands), 'no-such-command', '__proto__', 'constructor'];
    const step = fc.record({
      seconds: fc.double({ min: 0, max: 200_000, noNaN: true }),
      command: fc.option(fc.constantFrom(...names)),
      payload: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 15 }), (seed, run) => {
        const device = each.start(seededRandom(seed));
        let now = monday;
        for (const { seconds, command, payload } of run) {
          now += seconds * 1_000;
          const { body } = device.readAfter(seconds, now);
          for (const value of Object.values(body))
            expect(typeof value !== 'number' || Number.isFinite(value)).toBe(true);
          if (command === null) continue;
          const answer = device.command(command, payload as JsonValue);
          expect(answer === undefined).toBe(!Object.hasOwn(each.commands, command));
          expect(JSON.stringify(answer?.payload ?? null)).not.toContain('NaN');
        }
      }),
      { numRuns: 40 },
    );
  });

  test('reads neither the clock nor chance', () => {
    const before = readings(each, 'pure', 5);
    for (let count = 0; count < 100; count++) Math.random();
    expect(readings(each, 'pure', 5)).toEqual(before);
  });
});

/** A seed whose truck is found to be so. */
function truckSeed(wanted: string): string {
  for (let seed = 0; seed < 100; seed++) {
    const answer = model('refrigerated-truck').start(seededRandom(seed)).command('diagnose', null)?.payload;
    if (JSON.stringify(answer).includes(wanted)) return String(seed);
  }
  throw new Error(`no truck with ${wanted}`);
}

function temperatureAfter(run: ModelRun, seconds: number): number {
  return Number(run.readAfter(seconds, monday).body['temperature']);
}

describe('a refrigerated truck', () => {
  test('keeps its box cold while all is well', () => {
    const run = model('refrigerated-truck').start(seededRandom(truckSeed('normal')));
    for (let hour = 0; hour < 24; hour++) expect(Math.abs(temperatureAfter(run, 3_600) + 18)).toBeLessThan(3);
  });

  test('warms up with an open door, raises the alarm, and recovers', () => {
    const run = model('refrigerated-truck').start(seededRandom(truckSeed('normal')));
    expect(run.command('open-door', null)).toEqual({ status: 200, payload: { door: 'open' } });
    expect(run.command('open-door', null)?.status).toBe(409);
    const reading = run.readAfter(1_800, monday);
    expect(reading.body['temperature']).toBeGreaterThan(-8);
    expect(reading.properties).toEqual({ alarm: 'temperature' });
    expect(run.command('diagnose', null)?.payload).toMatchObject({ finding: 'door open' });
    run.command('close-door', null);
    expect(temperatureAfter(run, 6 * 3_600)).toBeLessThan(-16);
  });

  test('cannot be kept cold without refrigerant, and says so', () => {
    const run = model('refrigerated-truck').start(seededRandom(truckSeed('refrigerant low')));
    expect(temperatureAfter(run, 4 * 3_600)).toBeGreaterThan(-12);
  });

  test('obeys another target temperature', () => {
    const run = model('refrigerated-truck').start(seededRandom(truckSeed('normal')));
    run.set('targetTemperature', 4);
    expect(temperatureAfter(run, 86_400)).toBeGreaterThan(0);
  });
});

test('an oil pump lets its pressure out when the emergency valve is released', () => {
  const run = model('oil-pump').start(seededRandom(1));
  expect(Number(run.readAfter(10, monday).body['pressure'])).toBeGreaterThan(50);
  expect(run.command('emergency-valve-release', null)).toMatchObject({ status: 200, payload: { reliefValve: 'open' } });
  expect(Number(run.readAfter(120, monday).body['pressure'])).toBeLessThan(6);
  run.command('close-valve', null);
  expect(Number(run.readAfter(300, monday).body['pressure'])).toBeGreaterThan(60);
});

test('an elevator arrives at the floor it is sent to and feels no more than a person would bear', () => {
  const run = model('elevator').start(seededRandom(3));
  expect(run.command('go-to-floor', { floor: 500 })?.status).toBe(400);
  expect(run.command('go-to-floor', { floor: 4 })?.status).toBe(200);
  const floors: unknown[] = [];
  for (let second = 0; second < 60; second++) {
    const { body } = run.readAfter(1, monday);
    expect(Math.abs(Number(body['acceleration']))).toBeLessThan(1.3);
    expect(Math.abs(Number(body['velocity']))).toBeLessThan(2.7);
    if (body['doors'] === 'open') floors.push(body['floor']);
  }
  expect(floors).toContain(4);
});

test('a batch reactor goes through its phases, and a runaway raises an alarm until it is cooled', () => {
  const reactor = model('batch-reactor');
  const phases = new Set(readings(reactor, '1:r', 1_000).map(({ body }) => body['phase']));
  expect([...phases].map(String).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'cooling',
    'emptying',
    'filling',
    'heating',
    'idle',
    'reacting',
  ]);
  const run = reactor.start(seededRandom('runaway'));
  let alarm: string | undefined;
  for (let count = 0; count < 100_000 && alarm !== 'critical'; count++)
    alarm = run.readAfter(60, monday).properties?.['alarm'];
  expect(alarm).toBe('critical');
  run.command('emergency-cooling', null);
  expect(run.readAfter(1_200, monday).body).toMatchObject({ phase: 'cooling', alarm: 'none' });
});

/** Of sixty rooms, how many somebody is in at this hour. */
function usedRooms(hour: number): number {
  const day = Date.UTC(2026, 0, 6, hour);
  return Array.from({ length: 60 }, (_, seed) => {
    const run = model('room').start(seededRandom(seed));
    run.readAfter(86_400, day);
    return run.readAfter(7_200, day).body['presence'];
  }).filter((presence) => presence === true).length;
}

test('rooms are used by day and empty by night', () => {
  expect(usedRooms(10)).toBeGreaterThan(20);
  expect(usedRooms(3)).toBeLessThan(10);
});

test('a position along a route is continuous and turns round at the ends', () => {
  for (const route of routes) {
    const start = positionAlong(route, 0);
    expect(start).toEqual(route.points[0]);
    expect(positionAlong(route, route.kilometres).latitude).toBeCloseTo(route.points.at(-1)?.latitude ?? 0, 3);
    expect(positionAlong(route, 2 * route.kilometres).latitude).toBeCloseTo(start.latitude, 3);
    for (let kilometres = 0; kilometres < 3 * route.kilometres; kilometres += 5) {
      const [here, there] = [positionAlong(route, kilometres), positionAlong(route, kilometres + 1)];
      expect(Math.abs(here.latitude - there.latitude) + Math.abs(here.longitude - there.longitude)).toBeLessThan(0.05);
    }
  }
});
