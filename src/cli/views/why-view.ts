import type { Advice, WaitReason } from '../../fleet/rollout/decide/index.ts';
import type { Why } from '../../fleet/rollout/operate/index.ts';
import { manifestName } from '../../protocol/firmware/manifest.ts';
import { formatDuration } from '../../std/duration.ts';
import type { DocumentView } from '../output/output.ts';
import { haltJson, isoText } from './rollout-change-view.ts';
import { haltWords, stateTones, waveName } from './rollout-words.ts';

/** `now` is Unix milliseconds. */
export function whyView(now: number): DocumentView<Why> {
  return {
    fields: (why) => fieldsOf(why, now),
    json: whyJson,
    name: ({ explanation }) => explanation.state ?? 'no part of the rollout',
  };
}

function fieldsOf(why: Why, now: number): ReturnType<DocumentView<Why>['fields']> {
  const { rollout, explanation, device } = why;
  const { place, state, waitsFor, next } = explanation;
  const { deviceId } = explanation;
  if (place === undefined) {
    return [
      ['Device', deviceId, 'accent'],
      ['Rollout', `${rollout.id}, of which it is no part`, 'warn'],
      ['Why', device === undefined ? 'the hub has no such device' : 'the target did not match it', 'plain'],
    ];
  }
  const name = waveName(rollout.header.spec.policy, place.wave);
  const wave = `${place.wave + 1} (${name}), ${place.isOpen ? 'open' : 'not open yet'}${place.joined ? ', joined later' : ''}`;
  const report = device?.report?.value;
  const attempts = explanation.failures === 0 ? '' : `, ${explanation.failures} failed`;
  return [
    ['Device', deviceId, 'accent'],
    ['Rollout', `${rollout.id}, ${manifestName(rollout.header.firmware.manifest)}`],
    ['Wave', wave],
    ['State', state, state === undefined ? 'plain' : stateTones[state]],
    ['Attempt', explanation.attempt === 0 ? undefined : `${explanation.attempt}${attempts}`],
    ['Runs', report?.version ?? 'it has not said'],
    ['Connected', device === undefined ? 'the hub has no such device' : device.connected ? 'yes' : 'no'],
    ['Code', explanation.code, 'bad'],
    ['Means', explanation.meaning],
    ['It says', explanation.message],
    [
      'Waits for',
      waitsFor.length === 0 ? undefined : waitsFor.map((wait) => waitText(wait, why, now)).join('; '),
      'warn',
    ],
    ['Next', next === undefined ? undefined : `${next.state} ${inText(next.at, now)}, unless something happens`],
    [
      'Return',
      explanation.returnProblem === undefined ? undefined : `not possible: ${explanation.returnProblem}`,
      'warn',
    ],
    ['To do', explanation.advice.length === 0 ? 'nothing: it goes on by itself' : undefined, 'dim'],
    ...explanation.advice.map((advice) => ['To do', adviceText(advice, why), 'accent'] as const),
  ];
}

function inText(at: number, now: number): string {
  return at <= now ? 'now' : `in ${formatDuration(Math.ceil((at - now) / 1_000) * 1_000)}`;
}

function waitText(wait: WaitReason, { rollout }: Why, now: number): string {
  switch (wait.kind) {
    case 'ended':
      return 'nothing more: the rollout is over';
    case 'halt':
      return `the rollout to go on: ${haltWords(rollout.id, wait.halt, rollout.header.spec.policy).text}`;
    case 'wave':
      return wait.current === undefined
        ? `wave ${wait.wave + 1} to open; none is yet`
        : `wave ${wait.wave + 1} to open, after wave ${wait.current + 1} has passed`;
    case 'blocked':
      return wait.until === undefined
        ? blockWords[wait.reason]
        : `${blockWords[wait.reason]}, ${inText(wait.until, now)}`;
    case 'retry':
      return `its next try, ${inText(wait.at, now)}`;
    case 'window':
      return `its maintenance window, ${inText(wait.at, now)} (${new Date(wait.at).toISOString()})`;
    case 'connection':
      return 'its connection: offers go to connected devices only';
    case 'fault-domain':
      return `another device of ${wait.domain} to be done`;
    case 'places':
      return `a place: ${wait.inProgress} are in progress, which is the most`;
    case 'rate':
      return `the rate, ${inText(wait.at, now)}`;
  }
}

const blockWords: Readonly<Record<Extract<WaitReason, { kind: 'blocked' }>['reason'], string>> = {
  'hardware-mismatch': 'other firmware: this is not made for its hardware',
  'hardware-unknown': 'word of its hardware',
  'below-min-version': 'an older release first: this upgrades from later versions only',
  'version-unknown': 'word of what it runs',
  'outside-window': 'its maintenance window',
  penalty: 'the end of its penalty after too many tries',
  'fault-domain': 'another device of its fault domain to be done',
  'in-other-rollout': 'another rollout to be done with it',
  disabled: 'being enabled',
  gone: 'being at the hub again',
};

function adviceText(advice: Advice, { rollout: { id, state }, explanation: { deviceId }, device }: Why): string {
  const wave = state?.halt !== undefined && 'wave' in state.halt ? ` --wave ${state.halt.wave + 1}` : '';
  switch (advice) {
    case 'resume':
      return `iotctl rollout resume ${id}`;
    case 'approve':
      return `iotctl rollout approve ${id}${wave}`;
    case 'promote':
      return `iotctl rollout promote ${id}`;
    case 'retry':
      return `iotctl rollout retry ${id} ${deviceId}`;
    case 'enable':
      return `iotctl device enable ${deviceId}`;
    case 'connect':
      return `bring it back online; iotctl device show ${deviceId} says when it was last`;
    case 'report-hardware':
      return `let it report firmware.hardware, or say it: iotctl twin set ${deviceId} tags.hardware=MODEL`;
    case 'report-version':
      return `let it report firmware.version, or say it: iotctl twin set ${deviceId} tags.firmwareVersion=1.0.0`;
    case 'other-firmware':
      return 'sign firmware for it: iotctl firmware sign --hardware MODEL';
    case 'intermediate-firmware':
      return 'roll out an older release to it first; iotctl firmware list';
    case 'look-at-other-rollout':
      return `iotctl rollout why ${device?.mark?.rollout ?? 'ID'} ${deviceId}`;
    case 'look-at-device':
      return 'look at it where it is: it fell silent after it began to install';
  }
}

/** Keys are stable; waves are counted from 1, times are ISO 8601. */
function whyJson({ rollout, explanation, device }: Why): object {
  const { place, waitsFor, next, advice } = explanation;
  return {
    deviceId: explanation.deviceId,
    rollout: rollout.id,
    wave: place === undefined ? null : place.wave + 1,
    waveOpen: place?.isOpen ?? null,
    joined: place?.joined ?? null,
    state: explanation.state ?? null,
    attempt: explanation.attempt,
    failures: explanation.failures,
    version: device?.report?.value.version ?? null,
    connected: device?.connected ?? null,
    code: explanation.code ?? null,
    meaning: explanation.meaning ?? null,
    message: explanation.message ?? null,
    waitsFor: waitsFor.map(waitJson),
    next: next === undefined ? null : { at: isoText(next.at), state: next.state },
    returnProblem: explanation.returnProblem ?? null,
    advice,
  };
}

function waitJson(wait: WaitReason): object {
  switch (wait.kind) {
    case 'halt':
      return { kind: wait.kind, halt: haltJson(wait.halt) };
    case 'wave':
      return { kind: wait.kind, wave: wait.wave + 1, current: wait.current === undefined ? null : wait.current + 1 };
    case 'blocked':
      return { kind: wait.kind, reason: wait.reason, until: isoText(wait.until) };
    case 'retry':
    case 'window':
    case 'rate':
      return { kind: wait.kind, at: isoText(wait.at) };
    case 'ended':
    case 'connection':
    case 'fault-domain':
    case 'places':
      return wait;
  }
}
