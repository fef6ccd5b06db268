import { join, resolve } from 'node:path';
import type { HubReadiness } from '../../fleet/hub/index.ts';
import { messageOf } from '../../std/message-of.ts';
import type { CommandContext } from '../context.ts';
import { switchOption, textOption, type CommandInput } from '../define-command.ts';
import { dataDirectory } from '../options/hub-data.ts';
import { hubStartWords } from '../options/hub-flags.ts';
import { startedHubView } from '../views/hub-view.ts';
import { ofAnotherHub, replacedText } from './start-words.ts';

const readyWithinMs = 30_000;

/** Starts a hub as a process of its own and returns when it is ready. */
export async function startDetached(context: CommandContext, input: CommandInput): Promise<void> {
  const { detachHub } = await import('../../fleet/hub/index.ts');
  const { mkdir, rm } = await import('node:fs/promises');
  const dataDir = dataDirectory(context, input);
  const given = textOption(input, 'readyFile');
  const home = switchOption(input, 'ephemeral') ? context.directories.state : dataDir;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const readyFile = given === undefined ? join(home, `ready-${context.runtime.pid}.json`) : resolve(given);
  const logFile = join(home, 'hub.log');
  const words = [...hubStartWords(input), '--ready-file', readyFile, '-o', 'ndjson'];
  // The process in the background must not detach in its turn.
  const { IOTCTL_HUB_START_DETACH: _detach, ...env } = context.env;
  const { clock, signal } = context;
  let ready: HubReadiness;
  try {
    ready = await detachHub({
      words: [...context.runtime.program, 'hub', 'start', ...words],
      env,
      readyFile,
      logFile,
      timeoutMs: readyWithinMs,
      clock,
      signal,
    });
  } finally {
    if (given === undefined) await rm(readyFile, { force: true });
  }
  const { replacedPorts, ...info } = ready;
  for (const fallback of replacedPorts) context.notes.warn(replacedText(fallback));
  if (!switchOption(input, 'ephemeral')) await tellForeignProfile(context, info);
  await context.output.document({ ...info, logFile }, startedHubView(switchOption(input, 'showSecrets')));
  const isDefault = textOption(input, 'data') === undefined && !switchOption(input, 'ephemeral');
  const stop = `iotctl hub stop${isDefault ? '' : ` --data ${info.dataDir}`}`;
  context.notes.success(`the hub runs in the background; ${stop} ends it`);
}

/** What the hub itself says about its profile is in its log, where nobody looks. */
async function tellForeignProfile(context: CommandContext, info: Pick<HubReadiness, 'caFile'>): Promise<void> {
  const { localProfileName } = await import('../../fleet/hub/index.ts');
  try {
    const { caFile } = await (await context.profiles()).get(localProfileName);
    if (caFile === info.caFile) return;
    context.notes.warn(ofAnotherHub(localProfileName));
  } catch (error) {
    context.notes.warn(`the profile "${localProfileName}" could not be kept: ${messageOf(error)}`);
  }
}
