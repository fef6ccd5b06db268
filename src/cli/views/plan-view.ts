import { manifestName } from '../../protocol/firmware/manifest.ts';
import type { Plan, PlannedDevice } from '../../fleet/rollout/model/plan.ts';
import type { DocumentView, ListView } from '../output/output.ts';
import { waveName } from './rollout-words.ts';

/** A wave of a plan in numbers. */
export interface PlanWave {
  /** From 1. */
  readonly wave: number;
  readonly name: string;
  readonly approval: boolean;
  readonly devices: number;
  /** Devices by the version that runs there; `unknown` for those that have not said. */
  readonly versions: Readonly<Record<string, number>>;
  readonly blocked: Readonly<Record<string, number>>;
  readonly skipped: number;
}

export function planWaves({ spec, waveEnds, devices }: Plan): PlanWave[] {
  const waves = waveEnds.map((end, index) => ({
    wave: index + 1,
    name: waveName(spec.policy, index),
    approval: spec.policy.waves[index]?.approval ?? false,
    devices: end - (waveEnds[index - 1] ?? 0),
    versions: {} as Record<string, number>,
    blocked: {} as Record<string, number>,
    skipped: 0,
  }));
  for (const { wave: index, version = 'unknown', blocked, skipped } of devices) {
    const wave = waves[index];
    if (wave === undefined) continue;
    wave.versions[version] = (wave.versions[version] ?? 0) + 1;
    if (blocked !== undefined) wave.blocked[blocked] = (wave.blocked[blocked] ?? 0) + 1;
    if (skipped === true) wave.skipped++;
  }
  return waves;
}

/** `1.0.0 ×412, 1.1.0 ×3`, the most first. */
function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name, count]) => `${name} ×${count}`)
    .join(', ');
}

export const planWaveView: ListView<PlanWave> = {
  columns: [
    { header: 'WAVE', value: ({ wave }) => wave, align: 'right', tone: () => 'accent' },
    { header: 'NAME', value: ({ name }) => name },
    { header: 'DEVICES', value: ({ devices }) => devices, align: 'right' },
    { header: 'VERSIONS NOW', value: ({ versions }) => countsText(versions) },
    { header: 'BLOCKED', value: ({ blocked }) => countsText(blocked), tone: () => 'warn' },
    { header: 'SKIPPED', value: ({ skipped }) => (skipped === 0 ? '' : skipped), align: 'right', tone: () => 'dim' },
    {
      header: 'OPENS',
      value: ({ wave, approval }) => (approval ? 'by approval' : wave === 1 ? 'at once' : ''),
      tone: () => 'dim',
    },
  ],
  json: (wave) => wave,
  name: ({ name }) => name,
};

export const plannedDeviceView: ListView<PlannedDevice> = {
  columns: [
    { header: 'WAVE', value: ({ wave }) => wave + 1, align: 'right', tone: () => 'accent' },
    { header: 'DEVICE', value: ({ deviceId }) => deviceId },
    { header: 'VERSION NOW', value: ({ version }) => version },
    { header: 'BLOCKED', value: ({ blocked }) => blocked, tone: () => 'warn' },
    { header: 'SKIPPED', value: ({ skipped }) => (skipped === true ? 'runs it already' : ''), tone: () => 'dim' },
  ],
  json: ({ deviceId, wave, version = null, blocked = null, skipped = false }) => ({
    deviceId,
    wave: wave + 1,
    version,
    blocked,
    skipped,
  }),
  name: ({ deviceId }) => deviceId,
};

/** The plan without its devices, which are in its file. Waves are counted from 1. */
export const planView: DocumentView<Plan> = {
  fields: (plan) => [
    ['Rollout', plan.spec.id, 'accent'],
    ['Plan', plan.digest],
  ],
  json: (plan) => ({
    id: plan.spec.id,
    digest: plan.digest,
    createdAt: plan.createdAt,
    firmware: manifestName(plan.firmware.manifest),
    devices: plan.devices.length,
    offered: offeredCount(plan),
    blocked: plan.devices.filter(({ blocked }) => blocked !== undefined).length,
    skipped: plan.devices.filter(({ skipped }) => skipped === true).length,
    leftOut: plan.leftOut,
    waves: planWaves(plan),
    spec: plan.spec,
  }),
  name: ({ digest }) => digest,
};

/** Devices that nothing keeps from the firmware as things are now. */
export function offeredCount({ devices }: Plan): number {
  return devices.filter(({ blocked, skipped }) => blocked === undefined && skipped !== true).length;
}
