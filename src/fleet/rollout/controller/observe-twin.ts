/** What a twin says about a rollout. Twins hold what devices and people have written, so nothing of them is taken on trust. */
import { z } from 'zod';
import {
  offerSchema,
  reportSchema,
  rolloutIdSchema,
  sha256Schema,
  timeSchema,
  versionSchema,
  type Report,
} from '../../../protocol/firmware/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { outcomes, type Mark, type ObservedDevice } from '../model/observed.ts';

type Offered = NonNullable<ObservedDevice['offer']>;
type Reported = NonNullable<ObservedDevice['report']>;

const count = z.int().min(0);

const markSchema = z.object({
  rollout: rolloutIdSchema,
  wave: count,
  attempt: count,
  outcome: z.enum(outcomes).optional(),
  code: z.string().optional(),
  decidedAt: timeSchema.optional(),
  previous: z.object({ version: versionSchema, digest: sha256Schema }).optional(),
  returning: z.literal(true).optional(),
  penaltyUntil: timeSchema.optional(),
  bootCount: count.optional(),
  failures: count.optional(),
  deferrals: z.object({ count, seq: count }).optional(),
});

/** Gives the same object for values that are the same: a fleet is offered one manifest, not ten thousand. */
export type Intern = <Value extends object | string>(value: Value) => Value;

/** More different values than this are of no use to remember. */
const mostInterned = 1_000;

export function createIntern(): Intern {
  const known = new Map<string, object | string>();
  return (value) => {
    const key = JSON.stringify(value);
    const same = known.get(key) as typeof value | undefined;
    if (same !== undefined) return same;
    if (known.size >= mostInterned) known.clear();
    known.set(key, value);
    return value;
  };
}

/** `firmware` of a section of a twin, with the time of its last change; `now` stands in where a twin has no metadata. */
export interface RawFirmware {
  readonly value: JsonValue | undefined;
  readonly at: number;
}

/** Of `properties.desired` or `properties.reported` as the service API gives them. */
export function rawFirmware(section: JsonValue | undefined, now: number): RawFirmware {
  const value = memberOf(section, 'firmware');
  const metadata = memberOf(section, '$metadata');
  return { value, at: timeOf(memberOf(memberOf(metadata, 'firmware'), '$lastUpdated')) ?? now };
}

/** undefined for what is no offer. The sets of keys that came with it are nobody's business but the device's. */
export function readOffer({ value, at }: RawFirmware, intern: Intern): Offered | undefined {
  if (value === undefined || value === null) return undefined;
  const parsed = offerSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { trust: _trust, manifest, url, ...offer } = parsed.data;
  return { value: { ...offer, manifest: intern(manifest), url: intern(url) }, at };
}

/** undefined for what is no report. One that is not newer than the one `before` keeps the time of that one: it is no sign of life. */
export function readReport({ value, at }: RawFirmware, before: Reported | undefined): Reported | undefined {
  if (value === undefined || value === null) return undefined;
  const parsed = reportSchema.safeParse(value);
  if (!parsed.success) return undefined;
  return { value: parsed.data, at: before === undefined || isNewer(parsed.data, before.value) ? at : before.at };
}

function isNewer(report: Report, before: Report): boolean {
  if (report.rollout !== before.rollout) return true;
  return report.attempt > before.attempt || (report.attempt === before.attempt && report.seq > before.seq);
}

/** undefined for what is no mark of a controller. */
export function readMark(tags: JsonObject): Mark | undefined {
  const value = memberOf(tags, 'firmware');
  if (value === undefined || value === null) return undefined;
  const parsed = markSchema.safeParse(value);
  // zod leaves members out that are absent; the types of both say the same otherwise.
  return parsed.success ? (parsed.data as Mark) : undefined;
}

/**
 * The members of a value with nothing in them. Whoever writes over it needs to know what to remove, and all offers of a rollout have the
 * same ones.
 */
export function skeletonOf(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !name.startsWith('$'))
      .map(([name, member]) => [name, isJsonObject(member) ? skeletonOf(member) : null]),
  );
}

export function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function timeOf(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}
