import { Failure } from '../../errors/index.ts';
import { specSchema, type Spec, type SpecInput } from '../../fleet/rollout/model/spec.ts';
import { isGlob } from '../../std/glob.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { CommandContext } from '../context.ts';
import { numberOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { fromOption, readSelector, whereOption } from '../options/selector.ts';

const onFailure = ['pause', 'abort', 'revert'] as const;

/** What makes a rollout: a specification in a file, flags, or both; a flag wins over the file. */
export const specOptions: readonly OptionDeclaration[] = [
  {
    name: 'file',
    short: 'f',
    type: 'string',
    value: 'SPEC',
    summary: 'YAML or JSON file with the specification; - is standard input',
    complete: 'file',
  },
  {
    name: 'id',
    type: 'string',
    value: 'ID',
    summary: 'id of the rollout; by default firmware and version, as pump-2-1-0',
  },
  {
    name: 'firmware',
    type: 'string',
    value: 'NAME@VERSION',
    summary: 'what to bring to the devices; see firmware list',
    complete: 'firmware',
  },
  whereOption,
  fromOption,
  {
    name: 'waves',
    type: 'string',
    value: 'SIZES',
    summary: 'devices up to and with each wave: 5,10%,50%,100%',
  },
  { name: 'bake', type: 'duration', value: 'TIME', summary: 'how long a confirmed device must stay healthy' },
  { name: 'rate', type: 'number', value: 'N', summary: 'devices that are offered it in a minute' },
  { name: 'max-in-progress', type: 'integer', value: 'N', summary: 'devices under way at once', minimum: 1 },
  {
    name: 'failure-limit',
    type: 'string',
    value: 'LIMIT',
    summary: 'share or number of failures to stop at: 2%, 5, or 2%,5',
  },
  { name: 'on-failure', type: 'string', value: 'ACTION', summary: 'what to do beyond that limit', choices: onFailure },
];

/**
 * The specification that a command line means, with every default filled in. `words` are ids and globs of devices; globs stand for the
 * devices that match them now. Failures: usage, invalid-value, invalid-input, file-not-found, no-match.
 */
export async function readSpec(context: CommandContext, input: CommandInput, words: readonly string[]): Promise<Spec> {
  const file = textOption(input, 'file');
  const base = file === undefined ? {} : await readFile(context, file);
  const firmware = textOption(input, 'firmware');
  const name = firmware === undefined ? undefined : splitFirmware(firmware);
  const target = await readTarget(context, input, words);
  if (file === undefined && name === undefined)
    throw new Failure('usage', 'what is to be rolled out?', { hint: 'give -f SPEC.yaml, or --firmware NAME@VERSION' });
  if (file === undefined && target === undefined)
    throw new Failure('usage', 'which devices are to get it?', {
      hint: "name them by id, by a glob such as 'pump-*' ('*' is all), by --where or by --from FILE",
    });
  const id = textOption(input, 'id') ?? base['id'] ?? (name && idOf(name));
  const policy = isJsonObject(base['policy']) ? base['policy'] : {};
  const spec = {
    ...base,
    ...(id !== undefined && { id }),
    ...(name !== undefined && { firmware: name }),
    ...(target !== undefined && { target }),
    policy: { ...policy, ...policyOf(input) },
  };
  return parseSpec(spec, file === undefined ? 'the command line' : file === '-' ? 'standard input' : file);
}

async function readFile(context: CommandContext, file: string): Promise<JsonObject> {
  const { readDeclaration } = await import('../documents/read-declaration.ts');
  const { value } = await readDeclaration(context, file);
  if (isJsonObject(value)) return value;
  throw new Failure('invalid-input', `${file} holds no specification of a rollout`);
}

/** Failure `invalid-input` with the place of the first thing that is wrong. */
function parseSpec(value: JsonValue, source: string): Spec {
  const parsed = specSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  const [first] = issues;
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  throw new Failure('invalid-input', `${source}: ${where}${first?.message ?? 'not a specification of a rollout'}`, {
    hint: 'docs/concepts/rollouts.md has an example',
    details: { issues: issues.slice(0, 20) },
  });
}

function splitFirmware(text: string): { name: string; version: string } {
  const [, name, version] = /^([^@]+)@([^@]+)$/.exec(text) ?? [];
  if (name !== undefined && version !== undefined) return { name, version };
  throw new Failure('invalid-value', `--firmware: "${text}" is not NAME@VERSION, such as pump@2.1.0`);
}

/** The same words give the same id, so that running them again attaches. */
function idOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}-${version}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
}

async function readTarget(
  context: CommandContext,
  input: CommandInput,
  words: readonly string[],
): Promise<(SpecInput['target'] & JsonObject) | undefined> {
  const selector = await readSelector(context, input, words);
  if (selector.where === undefined && selector.from === undefined && words.length === 0) return undefined;
  const where = selector.where === undefined ? {} : { where: selector.where };
  if (selector.from === undefined && words.length === 0) return where;
  const named: string[] = [];
  for await (const line of selector.from ?? []) if (line.trim() !== '') named.push(line.trim());
  const ids = [...words, ...named];
  if (!ids.some(isGlob)) return { ...where, devices: [...new Set(ids)] };
  const { selectDevices } = await import('../../fleet/selection/index.ts');
  const devices: string[] = [];
  for await (const id of selectDevices(await context.hub(), { ids }, { signal: context.signal })) devices.push(id);
  if (devices.length === 0) throw new Failure('no-match', 'no device matches the selection');
  return { ...where, devices };
}

function policyOf(input: CommandInput): JsonObject {
  const waves = textOption(input, 'waves');
  const bake = numberOption(input, 'bake');
  const perMinute = numberOption(input, 'rate');
  const maxInProgress = numberOption(input, 'maxInProgress');
  const limit = textOption(input, 'failureLimit');
  const action = textOption(input, 'onFailure');
  return {
    ...(waves !== undefined && { waves: wavesOf(waves) }),
    ...(bake !== undefined && { bake: bake / 1_000 }),
    ...(perMinute !== undefined && { rate: { perMinute } }),
    ...(maxInProgress !== undefined && { maxInProgress }),
    ...(limit !== undefined && { failureLimit: limitOf(limit) }),
    ...(action !== undefined && { onFailure: action }),
  };
}

function wavesOf(text: string): JsonValue[] {
  return text.split(',').map((part) => {
    const size = part.trim();
    if (/^\d+$/.test(size)) return Number(size);
    if (/^\d+(?:\.\d+)?%$/.test(size)) return size;
    throw new Failure('invalid-value', `--waves: "${size}" is neither a number of devices nor a percentage`);
  });
}

function limitOf(text: string): JsonObject {
  const limit: JsonObject = {};
  for (const part of text.split(',').map((each) => each.trim())) {
    if (/^\d+$/.test(part)) limit['count'] = Number(part);
    else if (/^\d+(?:\.\d+)?%$/.test(part)) limit['rate'] = part;
    else throw new Failure('invalid-value', `--failure-limit: "${part}" is neither a share such as 2% nor a number`);
  }
  return limit;
}
