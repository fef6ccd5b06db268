/**
 * Fills the registry of a hub that does not run, by the doors the hub itself uses: elements of bulk requests are parsed and planned,
 * and the store writes them. Reads a {@link SeedPlan} as JSON from standard input.
 */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { parseElement, planElement } from '../../src/hub/core/registry/bulk-element.ts';
import { openRegistryStore } from '../../src/hub/store/sqlite/index.ts';

export interface SeedPlan {
  /** Of the registry; its directory is there. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** Devices with the same tag `lot`. */
  readonly lotSize: number;
}

const devicesPerWrite = 1_000;
const writesAtOnce = 4;

const plan = JSON.parse(await text(process.stdin)) as SeedPlan;
const lots = Math.max(1, Math.floor(plan.to / plan.lotSize));
const store = await openRegistryStore({ file: plan.file });
let next = plan.from;
await Promise.all(Array.from({ length: writesAtOnce }, writeInTurn));
await store.close();

async function writeInTurn(): Promise<void> {
  while (next < plan.to) {
    const first = next;
    next = Math.min(plan.to, first + devicesPerWrite);
    const changes = Array.from({ length: next - first }, (_, offset) => insertOf(first + offset));
    const outcomes = await store.write(changes);
    if (outcomes.some((outcome) => outcome !== 'applied')) throw new Error('a device was there already');
  }
}

function insertOf(index: number): ReturnType<typeof planElement>['change'] {
  const key = randomBytes(32).toString('base64');
  const element = parseElement({
    id: `pump-${String(index).padStart(7, '0')}`,
    importMode: 'create',
    status: 'enabled',
    authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
    tags: { lot: `lot-${index % lots}`, site: `site-${index % 20}` },
    properties: { desired: { interval: (index % 60) + 1 } },
  });
  return planElement(element, undefined, Date.now()).change;
}
