/** What became of a rollout, for programs that read test results and for people who read summaries. */
import { manifestName } from '../../protocol/firmware/manifest.ts';
import { standingOf, type DeviceStanding, type RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import { gatesOf } from '../../fleet/rollout/model/gates.ts';
import type { DeviceState } from '../../fleet/rollout/model/observed.ts';
import { safeText } from '../output/safe-text.ts';
import { statusJson } from './rollout-view.ts';
import { failedStates, failureRateText, gateNumbers, haltWords, succeededStates, waveName } from './rollout-words.ts';

export interface RolloutReport {
  readonly status: RolloutStatus;
  /** In the order of the plan. */
  readonly devices: readonly DeviceStanding[];
  /** Unix milliseconds. */
  readonly now: number;
}

interface TestCase {
  readonly name: string;
  readonly suite: string;
  /** Seconds; absent when it is not known. */
  readonly time?: number;
  readonly failure?: { readonly type: string; readonly message: string };
  readonly skipped?: string;
}

/** JUnit XML: a suite for each wave, with a case for each device and for each gate. */
export function junitText({ status, devices, now }: RolloutReport): string {
  const { id, header, state } = status;
  const { policy } = header.spec;
  const suites = header.waveEnds.map((_, index) => {
    const suite = `${id}.wave-${index + 1}`;
    const wave = state?.waves[index];
    const cases = [
      ...devices.filter((device) => device.wave === index).map((device) => deviceCase(device, suite)),
      ...(wave?.gates ?? []).map((gate): TestCase => {
        const spec = gatesOf(policy, index).find(({ name }) => name === gate.name);
        const name = `gate ${gate.name}`;
        const message = gateNumbers(gate, spec);
        if (gate.verdict === 'pass') return { name, suite };
        if (gate.verdict === undefined || gate.dryRun) return { name, suite, skipped: message };
        return { name, suite, failure: { type: `gate-${gate.verdict}`, message } };
      }),
    ];
    const seconds = wave === undefined ? 0 : ((wave.closedAt ?? state?.endedAt ?? now) - wave.openedAt) / 1_000;
    return { name: `wave ${index + 1} (${waveName(policy, index)})`, seconds, cases };
  });
  const all = suites.flatMap(({ cases }) => cases);
  const head = `<testsuites ${attributes({ name: `${id} ${manifestName(header.firmware.manifest)}`, ...countsOf(all) })}>`;
  const body = suites.map(({ name, seconds, cases }) => {
    const open = `  <testsuite ${attributes({ name, ...countsOf(cases), time: seconds.toFixed(3) })}>`;
    return `${open}\n${cases.map(caseText).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${body.join('')}</testsuites>\n`;
}

function deviceCase(device: DeviceStanding, suite: string): TestCase {
  const { deviceId: name, state, code, message, blocked } = device;
  if (succeededStates.includes(state)) return { name, suite };
  if (failedStates.includes(state)) {
    const type = code ?? state;
    const said = message === undefined ? '' : `: ${message}`;
    return { name, suite, failure: { type, message: `${state}${code === undefined ? '' : ` (${code})`}${said}` } };
  }
  return { name, suite, skipped: blocked === undefined ? state : `${state} (${blocked})` };
}

function countsOf(cases: readonly TestCase[]): Readonly<Record<string, string>> {
  return {
    tests: String(cases.length),
    failures: String(cases.filter(({ failure }) => failure !== undefined).length),
    errors: '0',
    skipped: String(cases.filter(({ skipped }) => skipped !== undefined).length),
  };
}

function caseText({ name, suite, failure, skipped }: TestCase): string {
  const open = `    <testcase ${attributes({ classname: suite, name })}`;
  if (failure !== undefined)
    return `${open}>\n      <failure ${attributes({ type: failure.type, message: failure.message })}/>\n    </testcase>\n`;
  if (skipped !== undefined) return `${open}>\n      <skipped ${attributes({ message: skipped })}/>\n    </testcase>\n`;
  return `${open}/>\n`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${xmlText(value)}"`)
    .join(' ');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for an attribute: what XML 1.0 cannot hold at all (XML §2.2) is shown as an escape, as on a terminal. */
export function xmlText(text: string): string {
  return safeText(text)
    .replaceAll(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The status with a row for each device; keys as of `rollout status -o json` and `rollout show --devices -o json`. */
export function reportJson({ status, devices }: RolloutReport): object {
  return { ...statusJson(status), deviceResults: devices.map(deviceJson) };
}

/** Waves are counted from 1; what is not known is null. */
export function deviceJson(device: DeviceStanding): object {
  const { deviceId, wave, state, attempt, version = null, digest = null } = device;
  const { code = null, message = null, blocked = null, previous = null, decidedAt = null } = device;
  return { deviceId, wave: wave + 1, state, attempt, version, digest, code, message, blocked, previous, decidedAt };
}

const mostListed = 50;

/** Markdown for a summary of a pipeline: waves, and what failed. */
export function markdownText({ status, devices }: RolloutReport): string {
  const { id, header, intent, state } = status;
  const { policy } = header.spec;
  const standing = standingOf(intent, state);
  const halt =
    state?.halt === undefined ? [] : [`\nIt does not go on: ${cell(haltWords(id, state.halt, policy).text)}.`];
  const rows = header.waveEnds.map((_, index) => {
    const own = devices.filter(({ wave }) => wave === index);
    const count = (states: readonly DeviceState[]): number =>
      own.filter((device) => states.includes(device.state)).length;
    const gates = (state?.waves[index]?.gates ?? []).map(({ name, verdict }) => `${name}: ${verdict ?? 'measuring'}`);
    const cells = [
      index + 1,
      waveName(policy, index),
      own.length,
      count(succeededStates),
      count(failedStates),
      gates.join(', '),
    ];
    return `| ${cells.map((value) => cell(String(value))).join(' | ')} |`;
  });
  const bad = devices.filter((device) => failedStates.includes(device.state));
  const badRows = bad.slice(0, mostListed).map(({ deviceId, wave, state: end, code, message }) => {
    const cells = [deviceId, String(wave + 1), end, code ?? '', message ?? ''];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    `## ${cell(id)}: ${cell(manifestName(header.firmware.manifest))} ${standing}`,
    '',
    `${state === undefined ? 'Not begun.' : `${failureRateText(state.summary, policy)}.`}${halt.join('')}`,
    '',
    '| wave | | devices | succeeded | failed | gates |',
    '|---:|---|---:|---:|---:|---|',
    ...rows,
    ...(bad.length === 0 ? [] : ['', '| device | wave | | code | |', '|---|---:|---|---|---|', ...badRows]),
    ...(bad.length > mostListed ? ['', `and ${bad.length - mostListed} more`] : []),
    '',
  ].join('\n');
}

/** Text of devices as text: nothing of it becomes a link, a tag or another cell. */
function cell(text: string): string {
  return safeText(text).replaceAll(/[\\`*_{}[\]()#<>|!&~]/g, (character) => `&#${character.charCodeAt(0)};`);
}
