import { Failure, toFailure } from '../../errors/index.ts';
import type { Hub } from '../../fleet/ports.ts';
import type { GivenTrust, SignedTrust } from '../../protocol/firmware/index.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import type { CommandContext } from '../context.ts';
import { listOption, switchOption, textOption, type CommandInput } from '../define-command.ts';
import { keysView, type ShownKeys } from '../views/firmware-view.ts';
import { nameOfInput, readText } from './read-bytes.ts';
import { readSigningKey } from './signing-key.ts';

/** A set of keys that is to follow another. */
interface Step {
  readonly next: SignedTrust;
  /** Undefined for the first set of all. */
  readonly before: GivenTrust | undefined;
  /** The file it was read from; undefined for a set that is new. */
  readonly file?: string;
}

/** `firmware rotate-key`: makes or reads the next set of keys, asks, writes its file, and publishes it at the hub. */
export async function rotateFromFlags(context: CommandContext, input: CommandInput): Promise<void> {
  refuseMixedFlags(input);
  const { preparePublication } = await import('../../fleet/firmware/index.ts');
  const hub = switchOption(input, 'offline') ? undefined : await context.hub();
  const step = await (textOption(input, 'publish') === undefined ? makeStep : readStep)(context, input, hub);
  const publication = hub && (await preparePublication(hub.records, { ...step, signal: context.signal }));
  if (hub !== undefined) await tellOrphans(context, hub, step.next);
  const dryRun = switchOption(input, 'dryRun');
  let file = step.file;
  if (!dryRun) {
    if (hub !== undefined && publication?.result === 'published')
      await confirmChange(
        context,
        `Add version ${step.next.trust.version} of the trusted keys to ${hub.hostName}?`,
        true,
      );
    file ??= await writeStep(step.next, textOption(input, 'out'));
    await publication?.publish().catch((error: unknown) => {
      throw afterFile(error, step.file === undefined ? file : undefined);
    });
  }
  const result = publication?.result ?? 'not told';
  await context.output.document(shown(step, file, dryRun && result === 'published' ? 'planned' : result), keysView);
}

function refuseMixedFlags(input: CommandInput): void {
  const makes = textOption(input, 'newKey') !== undefined || listOption(input, 'retire').length > 0;
  const publishes = textOption(input, 'publish') !== undefined;
  if (publishes && (makes || textOption(input, 'out') !== undefined || switchOption(input, 'offline')))
    throw new Failure('usage', '--publish adds a set that is there already; leave out what makes one');
  if (!publishes && !makes)
    throw new Failure('usage', 'nothing is to change', { hint: 'add --new-key FILE, --retire KEY or --publish FILE' });
}

async function makeStep(context: CommandContext, input: CommandInput, hub: Hub | undefined): Promise<Step> {
  const { nextTrust } = await import('../../fleet/firmware/index.ts');
  const before = (await readGiven(context, input)) ?? (hub && (await readKnown(context, hub)));
  if (before === undefined)
    throw new Failure('usage', 'the present set of keys is not known', { hint: 'add --trust NAME.trust.json' });
  const newKey = textOption(input, 'newKey');
  const retired = await Promise.all(listOption(input, 'retire').map((word) => keyIdOfWord(context, word)));
  const signer = await readSigningKey(context, textOption(input, 'key'));
  const added = newKey === undefined ? undefined : await readSigningKey(context, newKey);
  return { before, next: nextTrust({ present: before.trust, signer, added, retired, now: context.clock.now() }) };
}

async function readStep(context: CommandContext, input: CommandInput): Promise<Step> {
  const { readTrustText } = await import('../../fleet/firmware/index.ts');
  const file = textOption(input, 'publish') ?? '-';
  const where = nameOfInput(file);
  const { chain } = readTrustText(await readText(context, file), where);
  const [next, previous] = [chain.at(-1), chain.at(-2)];
  if (next === undefined) throw new Failure('invalid-input', `${where} is not signed`);
  const before =
    previous === undefined ? await readGiven(context, input) : { trust: previous.trust, chain: chain.slice(0, -1) };
  return { next, before, file: where };
}

async function readGiven(context: CommandContext, input: CommandInput): Promise<GivenTrust | undefined> {
  const file = textOption(input, 'trust');
  if (file === undefined) return undefined;
  const { readTrustText } = await import('../../fleet/firmware/index.ts');
  return readTrustText(await readText(context, file), nameOfInput(file));
}

async function readKnown(context: CommandContext, hub: Hub): Promise<GivenTrust | undefined> {
  const { readTrustChain } = await import('../../fleet/firmware/index.ts');
  const chain = await readTrustChain(hub.records, context.signal);
  const last = chain.at(-1);
  return last && { trust: last.trust, chain };
}

/** A key as it is typed: by its id, or by the file of its public half. */
async function keyIdOfWord(context: CommandContext, word: string): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(word)) return word;
  const { keysOf, openPublicKey } = await import('../../fleet/firmware/index.ts');
  const [key] = keysOf(openPublicKey(await readText(context, word), nameOfInput(word))).keys;
  return key?.keyId ?? word;
}

async function writeStep(next: SignedTrust, out: string | undefined): Promise<string> {
  const { createFiles } = await import('../../fleet/firmware/index.ts');
  const path = out ?? `trust-${next.trust.version}.json`;
  await createFiles([{ path, content: `${JSON.stringify(next, null, 2)}\n`, mode: 0o644 }]);
  return path;
}

/** Releases that devices refuse once they have the set. */
async function tellOrphans(context: CommandContext, hub: Hub, { trust }: SignedTrust): Promise<void> {
  const { listFirmware } = await import('../../fleet/firmware/index.ts');
  const trusted = new Set(trust.keys.map(({ keyId }) => keyId));
  const orphans: string[] = [];
  for await (const { signed } of listFirmware(hub.records, { signal: context.signal }))
    if (!trusted.has(signed.keyId)) orphans.push(`${signed.manifest.name}@${signed.manifest.version}`);
  if (orphans.length === 0) return;
  const named =
    orphans.length > 5 ? `${orphans.slice(0, 4).join(', ')} and ${orphans.length - 4} more` : orphans.join(', ');
  context.notes.warn(
    `devices with this set refuse what none of its keys has signed: ${named}; firmware sign --resign signs them again`,
  );
}

/** The file of a new set stays when the hub could not be told, so that it is not made a second time with another content. */
function afterFile(error: unknown, file: string | undefined): unknown {
  if (file === undefined) return error;
  const failure = toFailure(error);
  return new Failure(failure.code, failure.message, {
    hint: `${file} is written; later: iotctl firmware rotate-key --publish ${file}`,
    details: failure.details,
    cause: error,
  });
}

function shown({ next, before }: Step, file: string | undefined, hub: ShownKeys['hub']): ShownKeys {
  const { version, keys } = next.trust;
  const former = new Set(before?.trust.keys.map(({ keyId }) => keyId));
  const present = new Set(keys.map(({ keyId }) => keyId));
  const retired = (before?.trust.keys ?? []).filter(({ keyId }) => !present.has(keyId));
  return {
    version,
    keys: [
      ...keys.map((key) => ({ ...key, is: former.has(key.keyId) ? ('kept' as const) : ('added' as const) })),
      ...retired.map((key) => ({ ...key, is: 'retired' as const })),
    ],
    ...(file !== undefined && { file }),
    hub,
  };
}
