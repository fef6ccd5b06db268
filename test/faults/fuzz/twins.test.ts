/** C-24: JSON of strangers and twins: no crash, no pollution, and after a million patches what a simple model says. */
import { expect, it } from 'vitest';
import { parseUntrustedJson } from '../../../src/hub/core/untrusted.ts';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import {
  checkTwinContent,
  emptySection,
  patchSection,
  readSection,
  twinLimits,
  twinSize,
} from '../../../src/protocol/twin/index.ts';

import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/std/json.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const documents = textCorpus('json');
const pollution = 'polluted';

function unpolluted(): void {
  if (({} as Record<string, unknown>)[pollution] !== undefined || Object.hasOwn(Object.prototype, pollution))
    throw new Error('a prototype was changed');
}

/** The value, or undefined when it is refused as it should be. */
function parsed(text: string): JsonValue | undefined {
  try {
    return parseUntrustedJson(text);
  } catch (error) {
    if (error instanceof HubError && error.status === 400) return undefined;
    throw error;
  }
}

function isContent(content: unknown, allowNull: boolean): content is JsonObject {
  try {
    checkTwinContent(content, { maxBytes: twinLimits.reportedBytes, allowNull });
    return true;
  } catch (error) {
    if (error instanceof HubError && error.symbol === 'ArgumentInvalid') return false;
    throw error;
  }
}

it('C-24 damaged documents are read or refused, and pollute nothing', async () => {
  await fuzz({
    id: 'C-24',
    name: 'json-documents',
    cases: { smoke: 10_000, full: 1_500_000 },
    make: (random) => mutateText(random, pick(random, documents), documents),
    check(text) {
      const value = parsed(text);
      if (value !== undefined && isContent(value, true))
        patchSection(emptySection(0), value, { now: 0, stampVersions: true });
      unpolluted();
    },
    show: JSON.stringify,
  });
});

it('C-24 depth, width and size end in a refusal, never in a stack', () => {
  const most = atScale({ smoke: 5, full: 6 });
  let cases = 0;
  for (let power = 1; power <= most; power++) {
    const depth = 10 ** power;
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
      ['{"__proto__":', '}'],
      ['[{"a":', '}]'],
    ] as const) {
      const value = parsed(`${open.repeat(depth)}1${close.repeat(depth)}`);
      if (depth > 64) expect(value).toBeUndefined();
      if (value !== undefined) isContent(value, true);
      unpolluted();
      cases++;
    }
  }
  const wide = Object.fromEntries(Array.from({ length: 10 ** most }, (_, index) => [`k${index}`, 1]));
  expect(isContent(wide, true)).toBe(false);
  for (const extra of [-1, 0, 1]) {
    const chunks = Array.from({ length: 8 }, (_, index): [string, string] => [`k${index}`, 'x'.repeat(4_094)]);
    const content: JsonObject = Object.fromEntries(chunks);
    content['k7'] = 'x'.repeat(4_094 + extra);
    expect(twinSize(content)).toBe(twinLimits.reportedBytes + extra);
    expect(isContent(content, true), `${extra}`).toBe(extra <= 0);
    cases++;
  }
  report('C-24', { target: 'depth and size', cases: cases + 1 });
});

/** RFC 7396 with maps instead of objects, so that it cannot have the same bugs. */
type Model = Map<string, JsonValue | Model>;

function mergeModel(model: Model, patch: JsonObject): void {
  for (const key of Object.keys(patch)) {
    const value = Object.getOwnPropertyDescriptor(patch, key)?.value as JsonValue;
    if (value === null) model.delete(key);
    else if (isJsonObject(value)) {
      const present = model.get(key);
      const inner: Model = present instanceof Map ? present : new Map();
      mergeModel(inner, value);
      model.set(key, inner);
    } else model.set(key, value);
  }
}

function plain(model: Model): JsonObject {
  return Object.fromEntries([...model].map(([key, value]) => [key, value instanceof Map ? plain(value) : value]));
}

/** A text that is the same for the same content, whatever the order of its members. */
function sorted(value: JsonValue): string {
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted();
  return `{${members.map((key) => `${JSON.stringify(key)}:${sorted(value[key] ?? null)}`).join(',')}}`;
}

const names = ['a', 'b', 'c', 'constructor', 'toString', 'length', 'é', '0', '1', 'A', 'hasOwnProperty', 'prototype'];
const scalars: readonly JsonValue[] = [
  0,
  -0,
  1.5,
  true,
  false,
  '',
  'x',
  '\uD800',
  'constructor',
  4_503_599_627_370_495,
];

function randomPatch(random: Random, depth = 1): JsonObject {
  const patch: JsonObject = {};
  for (let members = below(random, 4); members > 0; members--) patch[pick(random, names)] = randomValue(random, depth);
  return patch;
}

function randomValue(random: Random, depth: number): JsonValue {
  const choice = random();
  if (choice < 0.2) return null;
  if (choice < 0.5 && depth < 9) return randomPatch(random, depth + 1);
  if (choice < 0.6 && depth < 9) return Array.from({ length: below(random, 3) }, () => pick(random, scalars));
  if (choice < 0.62) return 'y'.repeat(below(random, 5_000));
  return pick(random, scalars);
}

it('C-24 random patches come to what the model says, and what is refused changes nothing', async () => {
  let section = emptySection(0);
  let model: Model = new Map();
  let refused = 0;
  await fuzz({
    id: 'C-24',
    name: 'twin-patches',
    cases: { smoke: 6_000, full: 1_000_000 },
    make: (random) => randomPatch(random),
    check(patch) {
      const before = sorted(section.content);
      const { version } = section;
      if (!isContent(patch, true)) {
        refused++;
        return;
      }
      const next = patchSection(section, patch, { now: version, stampVersions: true });
      if (sorted(section.content) !== before) throw new Error('a patch changed what it was applied to');
      if (!isContent(next.content, false)) {
        refused++;
        return;
      }
      mergeModel(model, patch);
      section = next;
      if (section.version !== version + 1) throw new Error('the version');
      if (sorted(section.content) !== sorted(plain(model))) throw new Error('not what the model says');
      if (twinSize(section.content) > twinLimits.reportedBytes) throw new Error('larger than a twin may be');
      if (
        sorted(
          Object.keys(section.metadata)
            .filter((key) => !key.startsWith('$'))
            .toSorted(),
        ) !== sorted(Object.keys(section.content).toSorted())
      )
        throw new Error('metadata of what is not there');
      readSection(section, { metadata: true });
      unpolluted();
      // Else it is full for good.
      if (twinSize(section.content) > 24_000) {
        section = emptySection(0);
        model = new Map();
      }
    },
    show: JSON.stringify,
  });
  report('C-24', { target: 'twin patches refused', refused });
});
