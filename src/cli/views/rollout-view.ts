import { manifestName } from '../../protocol/firmware/manifest.ts';
import { standingOf, type RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import { gatesOf } from '../../fleet/rollout/model/gates.ts';
import type { AuditEntry, GateState } from '../../fleet/rollout/model/record.ts';
import type { AuditVerification } from '../../fleet/rollout/records/index.ts';
import type { DocumentView, ListView } from '../output/output.ts';
import { haltJson, isoText } from './rollout-change-view.ts';
import { countIn } from './rollout-bar.ts';
import { haltWords, phaseTones, standingTones, waveName } from './rollout-words.ts';
import { whenText } from './when-text.ts';

const notBegun = 'not begun';

/** Keys are stable; waves are counted from 1, times are ISO 8601, what is not known is null. */
export function statusJson(status: RolloutStatus): object {
  const { id, header, intent, state, lease } = status;
  const { summary } = state ?? {};
  return {
    id,
    firmware: manifestName(header.firmware.manifest),
    phase: state?.phase ?? notBegun,
    standing: standingOf(intent, state),
    halt: state?.halt === undefined ? null : haltJson(state.halt),
    devices: devicesOf(status),
    succeeded: succeededOf(status),
    decided: summary?.decided ?? 0,
    failures: summary?.failures ?? 0,
    failuresByCode: summary?.failuresByCode ?? {},
    blocked: summary?.blocked ?? {},
    inProgress: summary?.inProgress ?? 0,
    offersPerMinute: summary?.offersPerMinute ?? 0,
    endsAt: isoText(summary?.endsAt),
    waves: header.waveEnds.map((_, index) => waveJson(status, index)),
    cannotReturn: state?.cannotReturn ?? [],
    planDigest: header.planDigest,
    createdAt: header.createdAt,
    createdBy: header.createdBy,
    startedAt: isoText(state?.startedAt),
    updatedAt: isoText(state?.updatedAt),
    endedAt: isoText(state?.endedAt),
    controller: lease === undefined ? null : { holder: lease.holder, fence: lease.fence },
    asked: {
      paused: intent.paused,
      approved: intent.approved.map((wave) => wave + 1),
      promoted: intent.promoted.map((wave) => wave + 1),
      ending: intent.ending ?? null,
      retries: intent.retries,
    },
  };
}

function waveJson({ header, state }: RolloutStatus, index: number): object {
  const { policy } = header.spec;
  const wave = state?.waves[index];
  const counts = state?.summary.waves[index];
  return {
    wave: index + 1,
    name: waveName(policy, index),
    devices: counts?.devices ?? (header.waveEnds[index] ?? 0) - (header.waveEnds[index - 1] ?? 0),
    state: wave === undefined ? 'waiting' : wave.closedAt === undefined ? 'open' : 'closed',
    approval: policy.waves[index]?.approval ?? false,
    openedAt: isoText(wave?.openedAt),
    closedAt: isoText(wave?.closedAt),
    states: counts?.states ?? {},
    gates: (wave?.gates ?? []).map((gate) => gateJson(gate, gatesOf(policy, index))),
  };
}

function gateJson(
  { name, dryRun, verdict, measured, failed, inconclusive, last }: GateState,
  specs: ReturnType<typeof gatesOf>,
): object {
  return {
    name,
    dryRun,
    verdict: verdict ?? null,
    measured,
    failed,
    inconclusive,
    pass: specs.find((spec) => spec.name === name)?.pass ?? null,
    value: last?.value ?? null,
    control: last?.control ?? null,
    note: last?.note ?? null,
    measuredAt: isoText(last?.at),
  };
}

/** Devices of all waves, with those that joined since. */
function devicesOf({ header, state }: RolloutStatus): number {
  return state?.summary.waves.reduce((sum, { devices }) => sum + devices, 0) ?? header.waveEnds.at(-1) ?? 0;
}

function succeededOf({ state }: RolloutStatus): number {
  return state?.summary.waves.reduce((sum, { states }) => sum + countIn(states, ['succeeded', 'skipped']), 0) ?? 0;
}

function haltText({ id, header, state }: RolloutStatus): string | undefined {
  return state?.halt === undefined ? undefined : haltWords(id, state.halt, header.spec.policy).text;
}

/** Wave that is open, of how many. */
function waveText({ header, state }: RolloutStatus): string {
  const open = state?.waves.findLastIndex(({ closedAt }) => closedAt === undefined) ?? -1;
  const number = open >= 0 ? open + 1 : (state?.waves.length ?? 0);
  return `${number}/${header.waveEnds.length}`;
}

export const statusView: DocumentView<RolloutStatus> = {
  fields: (status) => [['Rollout', status.id, 'accent']],
  json: statusJson,
  name: ({ id }) => id,
};

/** `now` is Unix milliseconds. */
export function rolloutListView(now: number): ListView<RolloutStatus> {
  return {
    columns: [
      { header: 'ROLLOUT', value: ({ id }) => id, tone: () => 'accent' },
      { header: 'FIRMWARE', value: ({ header }) => manifestName(header.firmware.manifest) },
      {
        header: 'PHASE',
        value: ({ state }) => state?.phase ?? notBegun,
        tone: ({ state }) => (state === undefined ? 'dim' : phaseTones[state.phase]),
      },
      { header: 'WAVE', value: waveText, align: 'right' },
      { header: 'DONE', value: succeededOf, align: 'right', tone: () => 'good' },
      { header: 'OF', value: devicesOf, align: 'right' },
      {
        header: 'FAILED',
        value: ({ state }) => state?.summary.failures ?? 0,
        align: 'right',
        tone: ({ state }) => ((state?.summary.failures ?? 0) > 0 ? 'bad' : 'dim'),
      },
      { header: 'CREATED', value: ({ header }) => whenText(header.createdAt, now) },
      { header: 'WHY', value: haltText, tone: () => 'warn' },
      { header: 'BY', value: ({ header }) => header.createdBy, wide: true },
      { header: 'PLAN', value: ({ header }) => header.planDigest.slice(0, 12), wide: true },
      { header: 'CONTROLLER', value: ({ lease }) => lease?.holder, wide: true },
    ],
    json: statusJson,
    name: ({ id }) => id,
    empty: 'there are no rollouts',
  };
}

/** What a rollout is to do, and what it was made of. */
export const rolloutView: DocumentView<RolloutStatus> = {
  fields: ({ id, header, intent, state }) => {
    const { manifest, keyId } = header.firmware;
    const { target, policy } = header.spec;
    const standing = standingOf(intent, state);
    return [
      ['Rollout', id, 'accent'],
      ['Standing', standing, standingTones[standing]],
      ['Firmware', manifestName(manifest)],
      ['SHA-256', manifest.sha256, 'dim'],
      ['Signed by', keyId, 'dim'],
      ['Devices', header.devices],
      ['Where', target.where],
      ['Listed', target.devices?.length],
      ['Policy', shownPolicy(policy)],
      ['Plan', header.planDigest, 'dim'],
      ['Planned', header.plannedAt],
      ['Created', `${header.createdAt} by ${header.createdBy}`],
    ];
  },
  json: (status) => ({
    ...statusJson(status),
    spec: status.header.spec,
    manifest: status.header.firmware.manifest,
    keyId: status.header.firmware.keyId,
    plannedAt: status.header.plannedAt,
    leftOut: status.header.leftOut,
  }),
  name: ({ id }) => id,
};

/** What is empty says nothing. */
function shownPolicy(policy: RolloutStatus['header']['spec']['policy']): object {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

export const auditView: ListView<AuditEntry> = {
  columns: [
    { header: 'SEQ', value: ({ seq }) => seq, align: 'right', tone: () => 'dim' },
    { header: 'TIME', value: ({ at }) => at, tone: () => 'dim' },
    { header: 'ACTOR', value: ({ actor }) => actor },
    { header: 'ACTION', value: ({ action }) => action, tone: () => 'accent' },
    { header: 'DETAILS', value: ({ details }) => detailsText(details) },
    { header: 'HASH', value: ({ hash }) => hash.slice(0, 12), wide: true },
  ],
  json: (entry) => entry,
  name: ({ hash }) => hash,
  empty: 'the audit has no such entries',
};

function detailsText(details: AuditEntry['details']): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

export const verificationView: DocumentView<AuditVerification & { readonly id: string }> = {
  fields: ({ id, entries, hash, problems }) => [
    ['Rollout', id, 'accent'],
    ['Entries', entries],
    ['Last hash', hash],
    [
      'Audit',
      problems.length === 0 ? 'whole and unchanged' : 'not to be trusted',
      problems.length === 0 ? 'good' : 'bad',
    ],
    [
      'Problems',
      problems.length === 0 ? undefined : problems.map(({ record, message }) => `${record}: ${message}`),
      'bad',
    ],
  ],
  json: ({ id, entries, hash, problems }) => ({ id, entries, hash, valid: problems.length === 0, problems }),
  name: ({ hash }) => hash,
};
