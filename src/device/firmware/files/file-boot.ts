import { randomBytes } from 'node:crypto';
import { readFile, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../errors/index.ts';
import { syncDirectory } from '../../../std/atomic-file.ts';
import type { Clock } from '../../../std/clock.ts';
import type { Manifest } from '../../../protocol/firmware/index.ts';
import type { Activation, Boot, Deferral, SelfTestVerdict, SlotName, Trial } from '../ports.ts';
import { describeEnd, hookExists, runHook, type HookEnd } from './hooks.ts';
import { codeOf } from './own-file.ts';
import type { FirmwarePaths } from './paths.ts';

export interface FileBootOptions {
  readonly paths: FirmwarePaths;
  /** A program that activates, instead of hooks/activate. */
  readonly activate?: string | undefined;
  readonly hardware: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Whether the agent has a link to its hub. */
  readonly isConnected: () => boolean;
}

/** Exit codes of hooks beside 0. */
const restartsExit = 10;
const undecidedExit = 75;

/** The smallest and the largest pause that a deferral asks for, and the one of a hook that says none. */
const deferralMs = { minimum: 1_000, maximum: 7 * 86_400_000, default: 600_000 };
const deferHookMs = 30_000;
const confirmHookMs = 60_000;
const runningHookMs = 30_000;

/** The hooks of a firmware directory, and its link to the slot that runs. */
export interface FileBoot extends Boot {
  readonly selfTest: (trial: Trial, signal: AbortSignal) => Promise<SelfTestVerdict>;
  readonly defer: (manifest: Manifest, signal: AbortSignal) => Promise<Deferral | undefined>;
}

export function fileBoot(options: FileBootOptions): FileBoot {
  const { paths, clock } = options;
  const hook = (name: string): string =>
    name === 'activate' && options.activate !== undefined ? options.activate : join(paths.hooks, name);
  const call = async (
    name: string,
    facts: Readonly<Record<string, string>>,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<HookEnd | undefined> => {
    const file = hook(name);
    if (!(await hookExists(file))) {
      if (name === 'activate' && options.activate !== undefined) throw new Error(`there is no program ${file}`);
      return undefined;
    }
    const environment = { ...options.environment, ...shared(options), ...facts };
    return runHook({ file, args: [], environment, limitMs, clock, ...(signal !== undefined && { signal }) });
  };
  return {
    async look() {
      const selected = await readSelected(paths);
      const end = await call('running', {}, runningHookMs);
      const said = end?.exitCode === 0 ? end.output : undefined;
      const running = said === 'a' || said === 'b' ? said : selected;
      return { selected, running, bootId: await bootIdOf(clock) };
    },
    async activate(activation) {
      await select(paths, activation.slot);
      const end = await call('activate', activationFacts(paths, activation), activation.limitMs);
      if (end === undefined || end.exitCode === 0) return 'running';
      if (end.exitCode === restartsExit) return 'restarting';
      throw new Error(describeEnd('activate', end));
    },
    async confirm(slot) {
      const end = await call('confirm', slotFacts(paths, slot), confirmHookMs);
      if (end !== undefined && end.exitCode !== 0) throw new Error(describeEnd('confirm', end));
    },
    async selfTest({ slot, manifest, limitMs }, signal) {
      const facts = { ...slotFacts(paths, slot), ...manifestFacts(manifest) };
      const end = await call('self-test', facts, limitMs, signal);
      if (end === undefined || end.exitCode === 0) return { kind: 'passed' };
      if (end.exitCode === undecidedExit) return { kind: 'undecided', message: describeEnd('self-test', end) };
      return { kind: 'failed', message: describeEnd('self-test', end) };
    },
    async defer(manifest, signal) {
      const end = await call('defer', manifestFacts(manifest), deferHookMs, signal);
      if (end === undefined || end.exitCode === 0) return undefined;
      return deferral(end, clock.now());
    },
  };
}

function shared({ paths, hardware, isConnected }: FileBootOptions): Record<string, string> {
  return {
    IOTCTL_FIRMWARE_DIR: paths.root,
    IOTCTL_FIRMWARE_HARDWARE: hardware,
    IOTCTL_FIRMWARE_CONNECTED: isConnected() ? '1' : '0',
  };
}

function slotFacts(paths: FirmwarePaths, slot: SlotName): Record<string, string> {
  return { IOTCTL_FIRMWARE_SLOT: slot, IOTCTL_FIRMWARE_IMAGE: paths.image(slot) };
}

function manifestFacts({ version, sha256 }: Manifest): Record<string, string> {
  return { IOTCTL_FIRMWARE_VERSION: version, IOTCTL_FIRMWARE_DIGEST: sha256 };
}

function activationFacts(paths: FirmwarePaths, activation: Activation): Record<string, string> {
  return {
    ...slotFacts(paths, activation.slot),
    IOTCTL_FIRMWARE_REASON: activation.reason,
    IOTCTL_FIRMWARE_VERSION: activation.version,
    IOTCTL_FIRMWARE_DIGEST: activation.digest,
    IOTCTL_FIRMWARE_PREVIOUS: activation.previous,
    IOTCTL_FIRMWARE_PREVIOUS_IMAGE: paths.image(activation.previous),
  };
}

/** The first word of a hook that defers: seconds, or a moment; the rest says why. */
function deferral(end: HookEnd, now: number): Deferral {
  const [, first = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(end.output) ?? [];
  const moment = /^\d+(?:\.\d+)?$/.test(first)
    ? now + Number(first) * 1_000
    : /^\d{4}-/.test(first)
      ? Date.parse(first)
      : Number.NaN;
  const isTold = Number.isFinite(moment);
  const { minimum, maximum, default: usual } = deferralMs;
  const pause = isTold ? Math.min(Math.max(moment - now, minimum), maximum) : usual;
  const words = end.trouble === undefined ? (isTold ? rest : end.output) : describeEnd('defer', end);
  return { until: now + pause, ...(words !== '' && { message: words }) };
}

/** The slot that the link points to. Failure `invalid-config` for a link that is none of ours. */
export async function readSelected(paths: FirmwarePaths): Promise<SlotName> {
  let target: string | undefined;
  try {
    target = await readlink(paths.current);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EINVAL') throw error;
  }
  if (target === 'slots/a') return 'a';
  if (target === 'slots/b') return 'b';
  throw new Failure('invalid-config', `${paths.current} is not a link to a slot`, {
    hint: `ln -sfn slots/a ${paths.current}, where slots/a holds what shall run`,
  });
}

/** Points the link to a slot. A reader, or a power cut, finds the former link or this one. */
export async function select(paths: FirmwarePaths, slot: SlotName): Promise<void> {
  const temporary = join(paths.root, `.current.${randomBytes(6).toString('hex')}.tmp`);
  await symlink(`slots/${slot}`, temporary);
  try {
    await rename(temporary, paths.current);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(paths.root);
}

/** What is another one after each start of the machine. */
async function bootIdOf(clock: Clock): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim().slice(0, 128);
  } catch {
    // Elsewhere by the minute in which it started.
    return `since ${Math.round((clock.now() - uptime() * 1_000) / 60_000)}`;
  }
}
