import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Failure, isFailure } from '../../../errors/index.ts';
import type { FleetFormat, FleetRow } from '../../../fleet/export/index.ts';
import { safeLines } from '../../output/safe-text.ts';
import type { CommandContext } from '../../context.ts';
import {
  choiceOption,
  defineCommand,
  listArg,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../../define-command.ts';
import { readSelector, selectorOptions } from '../../options/selector.ts';

export const command = defineCommand({
  name: 'device export',
  summary: 'Write devices with their modules and twins to a file.',
  description: `Writes the selected devices, or all when none is named, with their modules, tags and properties. One JSON object a \
line, as Azure's own exports have it, or CSV when the file ends in .csv; "iotctl device import" reads both. A file \
appears whole or not at all, and only you can read it.

Keys are secrets and are left out, so that an import makes new ones; --include-keys writes them to the file. \
Reported properties are written for reading: only the device itself can set them.`,
  arguments: [{ name: 'device', summary: 'ids and globs; all when there is none', variadic: true, complete: 'device' }],
  options: [
    {
      name: 'out',
      type: 'string',
      value: 'FILE',
      summary: 'write to this file (mode 0600) instead of standard output',
      complete: 'file',
    },
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      summary: 'ndjson or csv; otherwise by the end of the name of the file',
      choices: ['ndjson', 'csv'],
    },
    { name: 'include-keys', summary: 'with --out: write keys too' },
    { name: 'show-secrets', summary: 'write keys to standard output' },
    ...selectorOptions,
  ],
  examples: [
    { run: 'iotctl device export --out fleet.ndjson', explains: 'the whole fleet, without keys' },
    { run: 'iotctl device export --out fleet.csv --include-keys', explains: 'for a spreadsheet, with keys' },
    { run: "iotctl device export 'truck-*' | wc -l", explains: 'some devices on a pipe' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'text',
  usesHub: true,
  run: exportDevices,
});

async function exportDevices(context: CommandContext, input: CommandInput): Promise<void> {
  const { exportFleet, formatOfName, writeFleetFile } = await import('../../../fleet/export/index.ts');
  const out = textOption(input, 'out');
  const format = choiceOption(input, 'format', ['ndjson', 'csv']) ?? formatOfName(out ?? '');
  const keys = readsKeys(input, out);
  const ids = listArg(input, 'device');
  const selector = await readSelector(context, input, ids);
  const selects = ids.length > 0 || selector.where !== undefined || selector.from !== undefined;
  const hub = await context.hub();
  const progress = context.notes.progress('exporting');
  let count = 0;
  let isDone = false;
  const options = {
    ...(selects && { selector }),
    keys,
    concurrency: numberOption(input, 'concurrency'),
    signal: context.signal,
  };
  const pages = counted(exportFleet(hub, options), selects, (more) => {
    count += more;
    progress.advance(more);
  });
  try {
    const text = await textOf(pages, format, out);
    if (out === undefined) for await (const piece of text) await context.output.text(shown(piece, format, context));
    else await writeFleetFile(out, text);
    isDone = true;
  } catch (error) {
    const [typed = ''] = ids;
    // A bare file name is the usual slip: import takes one.
    if (isFailure(error, 'device-not-found') && out === undefined && looksLikeFile(typed))
      throw new Failure(error.code, error.message, {
        hint: `to write a file: iotctl device export --out ${typed}`,
        cause: error,
      });
    throw error;
  } finally {
    if (isDone) progress.done(`${count} ${count === 1 ? 'identity' : 'identities'}`);
    else progress.stop();
  }
  if (out !== undefined && keys) context.notes.success(`${out} holds keys; only you can read it`);
}

/** JSON escapes for itself; a CSV keeps its characters unless a person looks at it. */
function shown(piece: string, format: FleetFormat, { output }: CommandContext): string {
  return format === 'csv' && output.isTTY ? safeLines(piece) : piece;
}

function looksLikeFile(word: string): boolean {
  return /\.(?:ndjson|jsonl?|csv|txt)$/i.test(word);
}

function readsKeys(input: CommandInput, out: string | undefined): boolean {
  const include = switchOption(input, 'includeKeys');
  const show = switchOption(input, 'showSecrets');
  if (out === undefined && include)
    throw new Failure('usage', '--include-keys needs --out FILE', { hint: 'to see keys here: --show-secrets' });
  return include || show;
}

async function textOf(
  pages: AsyncIterable<readonly FleetRow[]>,
  format: FleetFormat,
  out: string | undefined,
): Promise<AsyncIterable<string>> {
  const { csvText, ndjsonText } = await import('../../../fleet/export/index.ts');
  if (format === 'ndjson') return ndjsonText(pages);
  // Beside the file: where it shall stand there is room, and the disk is the one the user chose.
  const directory = out === undefined ? tmpdir() : dirname(out);
  return csvText(pages, join(directory, `.${basename(out ?? 'iotctl-export')}.${randomUUID()}.tmp`));
}

/** Counts what passes. A selection that finds nothing ends here, before there is a file. */
async function* counted<Row>(
  pages: AsyncIterable<readonly Row[]>,
  selects: boolean,
  count: (rows: number) => void,
): AsyncGenerator<readonly Row[], void, undefined> {
  let found = false;
  for await (const page of pages) {
    found ||= page.length > 0;
    count(page.length);
    yield page;
  }
  if (selects && !found) throw new Failure('no-match', 'no device matches the selection');
}
