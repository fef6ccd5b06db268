import { setImmediate } from 'node:timers/promises';
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Installer } from '../../../src/device/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import {
  imageOf,
  memoryDevice,
  newKey,
  offerOf,
  oldImage,
  PowerCut,
  runToRest,
  sha256,
  type Behaviour,
  type MemoryDevice,
} from './memory-device.ts';

const key = newKey();
const image = imageOf('new');

/** What holds whenever one looks: what boots next is there and whole, and reports are numbered upwards. */
function holds(device: MemoryDevice): void {
  const boots = device.slots[device.selected].image;
  expect([sha256(oldImage), sha256(image)]).toContain(boots === undefined ? 'nothing' : sha256(boots));
  const seqs = device.reports.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
}

const scenarios: readonly (readonly [string, Partial<Behaviour>, ends: readonly string[]])[] = [
  ['a service that restarts', {}, ['confirmed']],
  ['a device that restarts', { activation: 'reboot' }, ['confirmed']],
  ['a device that says so before it restarts', { activation: 'announced' }, ['confirmed']],
  [
    'a firmware that fails its self-test',
    { selfTest: () => ({ kind: 'failed', message: 'no' }) },
    ['reverted self-test-failed'],
  ],
  [
    'a firmware that fails its self-test on a device that restarts',
    { activation: 'reboot', selfTest: () => ({ kind: 'failed', message: 'no' }) },
    ['reverted self-test-failed'],
  ],
  [
    'a firmware that does not boot',
    { activation: 'reboot', unbootable: (found) => found?.equals(image) === true },
    ['reverted old-digest'],
  ],
  // Where the power goes before it is known that the hook failed, the device starts with the new firmware, and that is tried.
  ['a hook that fails', { activation: 'failing' }, ['failed install-failed', 'confirmed']],
];

describe('the power is cut at each operation', () => {
  test.each(scenarios)('%s', async (_, behaviour, ends) => {
    let last = 1;
    for (let at = 1; at <= last; at++) {
      for (const done of [false, true]) {
        const device = memoryDevice(key, { image, ...behaviour });
        device.cut = { at, done };
        const installer = await runToRest(device, offerOf(key, image), undefined, () => holds(device));
        holds(device);
        const { state, code, digest } = device.reports.at(-1)!;
        expect(ends).toContain(code === null || code === undefined ? state : `${state} ${code}`);
        expect(digest).toBe(sha256(state === 'confirmed' ? image : oldImage));
        expect(device.running).toBe(state === 'confirmed' ? 'b' : 'a');
        expect(installer.state.releaseCounter).toBe(state === 'confirmed' ? 2 : 1);
        expect(device.slots.a.image).toEqual(oldImage);
        await installer.stop();
        last = Math.max(last, device.operations);
      }
    }
    expect(last).toBeGreaterThan(12);
  });

  test('and again and again, after a few more', async () => {
    for (const pace of [7, 8, 10, 13]) {
      const device = memoryDevice(key, { image });
      let next = pace;
      device.cut = { at: next, done: true };
      const installer = await runToRest(device, offerOf(key, image), { starts: 60, activations: 60 }, () => {
        holds(device);
        next = device.operations + pace;
        device.cut = { at: next, done: true };
      });
      expect(device.reports.at(-1)).toMatchObject({ state: 'confirmed', digest: sha256(image) });
      await installer.stop();
    }
  });
});

test('a confirmed firmware that boots no more is said to be gone, and to be back when it boots again', async () => {
  const device = memoryDevice(key, { image, activation: 'reboot' });
  let installer = await runToRest(device, offerOf(key, image));
  const confirmed = device.reports.at(-1)!;
  expect(confirmed).toMatchObject({ state: 'confirmed', digest: sha256(image) });
  for (const [bad, said] of [
    [true, { state: 'reverted', code: 'old-digest', digest: sha256(oldImage), version: '1.0.0' }],
    [true, { state: 'reverted', code: 'old-digest', digest: sha256(oldImage) }],
    [false, { state: 'confirmed', code: null, digest: sha256(image), version: '2.0.0' }],
  ] as const) {
    device.behaviour.unbootable = (found) => bad && found?.equals(image) === true;
    device.crash();
    await installer.stop();
    installer = await device.boot();
    await setImmediate();
    expect(device.reports.at(-1)).toMatchObject({ ...said, rollout: confirmed.rollout, attempt: confirmed.attempt });
  }
  await installer.stop();
});

/** What may happen to a device, in any order. */
type Event =
  | {
      readonly kind: 'offer';
      readonly rollout: string;
      readonly attempt: number;
      readonly release: number;
      readonly bad: boolean;
    }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'garbage'; readonly value: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut'; readonly after: number; readonly done: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'behave'; readonly change: number };

const event: Arbitrary<Event> = oneof(
  {
    weight: 4,
    arbitrary: record({
      kind: constant('offer' as const),
      rollout: constantFrom('r', 's'),
      attempt: integer({ min: 1, max: 4 }),
      release: integer({ min: 0, max: 5 }),
      bad: boolean(),
    }),
  },
  constant({ kind: 'withdraw' as const }),
  record({ kind: constant('garbage' as const), value: string() }),
  { weight: 3, arbitrary: record({ kind: constant('wait' as const), ms: integer({ min: 0, max: 200_000 }) }) },
  {
    weight: 3,
    arbitrary: record({
      kind: constant('cut' as const),
      after: integer({ min: 1, max: 15 }),
      done: boolean(),
    }),
  },
  constant({ kind: 'restart' as const }),
  record({ kind: constant('behave' as const), change: integer({ min: 0, max: 8 }) }),
);

const releases = [1, 2, 3, 4, 5, 6].map((release) => imageOf(`release ${release}`, 3_000));
const behaviours: readonly Partial<Behaviour>[] = [
  {
    activation: 'service',
    selfTest: () => ({ kind: 'passed' }),
    hang: false,
    unbootable: () => false,
    defer: () => undefined,
  },
  { activation: 'reboot' },
  { activation: 'announced' },
  { activation: 'failing' },
  { selfTest: () => ({ kind: 'failed', message: 'no' }) },
  { selfTest: () => 'hang' },
  { hang: true },
  { unbootable: (found) => found !== undefined && !found.equals(oldImage) },
  { defer: () => ({ until: Date.UTC(2026, 0, 1, 0, 5) }) },
];

class Life {
  readonly device = memoryDevice(key, { chunkBytes: 1_000 });
  #installer: Installer | undefined;
  #wish: JsonObject | string | null = null;
  #counter = 1;

  async happens(what: Event): Promise<void> {
    const { device } = this;
    if (what.kind === 'offer') {
      device.behaviour.image = releases[what.release]!;
      const more = { version: `${what.release}.0.0`, releaseCounter: what.release };
      const offer = offerOf(what.bad ? newKey() : key, device.behaviour.image, more);
      this.#wish = { ...offer, rollout: what.rollout, attempt: what.attempt };
    } else if (what.kind === 'withdraw') this.#wish = null;
    else if (what.kind === 'garbage') this.#wish = what.value;
    else if (what.kind === 'cut') device.cut = { at: device.operations + what.after, done: what.done };
    else if (what.kind === 'restart') device.crash();
    else if (what.kind === 'behave') Object.assign(device.behaviour, behaviours[what.change]);
    else await device.clock.advance(what.ms);
    if (['offer', 'withdraw', 'garbage'].includes(what.kind)) this.#installer?.desired(this.#wish);
    for (let turn = 0; turn < 60; turn++) await setImmediate();
    await this.keepOn();
    this.look();
  }

  async keepOn(): Promise<void> {
    const { device } = this;
    for (let tries = 0; tries < 20 && (this.#installer === undefined || device.isDown); tries++) {
      await this.#installer?.stop();
      if (device.cut !== undefined && device.operations >= device.cut.at) device.cut = undefined;
      try {
        this.#installer = await device.boot();
        this.#installer.desired(this.#wish);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        this.#installer = undefined;
      }
      for (let turn = 0; turn < 60; turn++) await setImmediate();
    }
  }

  look(): void {
    const { device } = this;
    const known = [oldImage, ...releases].map((each) => sha256(each));
    const boots = device.slots[device.selected].image;
    expect(known).toContain(boots === undefined ? 'nothing' : sha256(boots));
    for (const { digest } of device.reports) expect(known).toContain(digest);
    const seqs = device.reports.map(({ seq }) => seq);
    expect(seqs.every((seq, index) => index === 0 || seq > seqs[index - 1]!)).toBe(true);
    const counter = device.state?.releaseCounter ?? 1;
    expect(counter).toBeGreaterThanOrEqual(this.#counter);
    this.#counter = counter;
    const confirmed = device.reports.filter(({ state, rollout }) => state === 'confirmed' && rollout !== null);
    expect(
      confirmed.every(({ digest, version }) => digest === sha256(releases[Number(version.split('.')[0])] ?? oldImage)),
    ).toBe(true);
  }

  async end(): Promise<void> {
    await this.#installer?.stop();
  }
}

test('whatever happens, in whatever order', async () => {
  await assert(
    asyncProperty(array(event, { minLength: 5, maxLength: 25 }), async (events) => {
      const life = new Life();
      await life.keepOn();
      for (const each of events) await life.happens(each);
      await life.end();
    }),
    { numRuns: Number(process.env['IOTCTL_FIRMWARE_RUNS'] ?? 30) },
  );
}, 600_000);
