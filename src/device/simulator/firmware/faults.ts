/** What goes wrong in a simulated fleet, and with which devices. Source: docs/concepts/testing.md. */
import { seededRandom } from '../../../std/random.ts';

/**
 * What becomes of an update; a device has at most one of these. `brick`: it goes silent after it began to install. `revert`: the self-test
 * of whatever is new fails. `lie`: it reports the new version and does not run it. `corrupt`: each download is damaged.
 */
export const fates = ['brick', 'revert', 'lie', 'corrupt'] as const;
export type Fate = (typeof fates)[number];

/** What comes beside it: `offline` is away from time to time, `slow` downloads at a twentieth of the speed. */
export const conditions = ['offline', 'slow'] as const;
export type Condition = (typeof conditions)[number];

/** So many devices, or such a share of them (0 to 1). */
export type Amount =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'count'; readonly count: number };

export interface Faults {
  readonly amounts: Readonly<Partial<Record<Fate | Condition, Amount>>>;
  /** Versions whose self-test fails everywhere. */
  readonly badImages: readonly string[];
  /** Versions that no device comes back from. */
  readonly brickImages: readonly string[];
}

export const noFaults: Faults = { amounts: {}, badImages: [], brickImages: [] };

/** One device's part in it. */
export interface DeviceFaults {
  readonly fate: Fate | undefined;
  readonly offline: boolean;
  readonly slow: boolean;
}

const names: readonly (Fate | Condition)[] = [...fates, ...conditions];
const versionPattern = /^[0-9A-Za-z.+-]{1,128}$/;

/**
 * Reads `brick=2%,revert=1%,offline=30%,bad-image=2.0.0`: a share in percent or a number of devices for each fault, versions for images,
 * which may be named more than once; `none` for none.
 * @throws {SyntaxError} saying what is wrong.
 */
export function parseFaults(text: string): Faults {
  const trimmed = text.trim();
  if (trimmed === 'none') return noFaults;
  const amounts: Partial<Record<Fate | Condition, Amount>> = {};
  const images = { 'bad-image': [] as string[], 'brick-image': [] as string[] };
  for (const part of trimmed.split(',')) {
    const [name = '', value = '', ...rest] = part.split('=').map((word) => word.trim());
    if (value === '' || rest.length > 0) throw new SyntaxError(`"${part.trim()}" is not FAULT=VALUE, such as brick=2%`);
    if (name === 'bad-image' || name === 'brick-image') images[name].push(readVersion(name, value));
    else if (!isFault(name)) throw new SyntaxError(`"${name}" is no fault; there are ${knownFaults.join(', ')}`);
    else if (amounts[name] !== undefined) throw new SyntaxError(`${name} is given twice`);
    else amounts[name] = readAmount(name, value);
  }
  const together = fates.reduce((sum, fate) => sum + shareOf(amounts[fate]), 0);
  if (together > 1 + 1e-9) throw new SyntaxError(`${fates.join(', ')} come to more than 100% together`);
  return { amounts, badImages: images['bad-image'], brickImages: images['brick-image'] };
}

const knownFaults = [...names, 'bad-image', 'brick-image'];

function isFault(name: string): name is Fate | Condition {
  return (names as readonly string[]).includes(name);
}

function readVersion(name: string, value: string): string {
  if (versionPattern.test(value)) return value;
  throw new SyntaxError(`${name}: "${value}" is not a version`);
}

function readAmount(name: string, value: string): Amount {
  const percent = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(value)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return { kind: 'share', share: percentToShare(percent) };
  if (/^\d{1,6}$/.test(value)) return { kind: 'count', count: Number(value) };
  throw new SyntaxError(`${name}: "${value}" is neither a share such as 2% nor a number of devices`);
}

/** 0.57% is 0.0057, not what a division makes of it. */
function percentToShare(percent: string): number {
  return Number((Number(percent) / 100).toFixed(8));
}

function shareOf(amount: Amount | undefined): number {
  return amount?.kind === 'share' ? amount.share : 0;
}

/** As {@link parseFaults} reads it. */
export function formatFaults({ amounts, badImages, brickImages }: Faults): string {
  const parts = names.flatMap((name) => {
    const amount = amounts[name];
    if (amount === undefined) return [];
    return [`${name}=${amount.kind === 'count' ? amount.count : `${Number((amount.share * 100).toFixed(6))}%`}`];
  });
  for (const version of badImages) parts.push(`bad-image=${version}`);
  for (const version of brickImages) parts.push(`brick-image=${version}`);
  return parts.length === 0 ? 'none' : parts.join(',');
}

/**
 * Chooses the devices of each fault: the same ones for the same seed and ids, in whatever order these come, and as many as the share
 * says, rounded. A device that has one fate is not chosen for another.
 */
export function assignFaults(
  deviceIds: readonly string[],
  { amounts }: Faults,
  seed: number,
): ReadonlyMap<string, DeviceFaults> {
  const taken = new Map<string, Fate>();
  for (const fate of fates) {
    const free = inOrderOf(`${seed}:${fate}`, deviceIds).filter((id) => !taken.has(id));
    for (const id of free.slice(0, countOf(amounts[fate], deviceIds.length))) taken.set(id, fate);
  }
  const chosen = (condition: Condition): ReadonlySet<string> =>
    new Set(inOrderOf(`${seed}:${condition}`, deviceIds).slice(0, countOf(amounts[condition], deviceIds.length)));
  const offline = chosen('offline');
  const slow = chosen('slow');
  return new Map(deviceIds.map((id) => [id, { fate: taken.get(id), offline: offline.has(id), slow: slow.has(id) }]));
}

function countOf(amount: Amount | undefined, devices: number): number {
  if (amount === undefined) return 0;
  return amount.kind === 'count' ? amount.count : Math.round(amount.share * devices);
}

/** An order of ids that depends on each id alone, and on what it is asked for. */
function inOrderOf(what: string, deviceIds: readonly string[]): string[] {
  return deviceIds
    .map((id) => ({ id, place: seededRandom(`${what}:${id}`)() }))
    .toSorted((a, b) => a.place - b.place || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}
