import { Failure } from '../../../errors/index.ts';
import type { ImportMode, ImportOptions, ImportResult } from '../../../fleet/import/index.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import type { CommandContext } from '../../context.ts';
import {
  choiceOption,
  defineCommand,
  numberOption,
  requiredArg,
  switchOption,
  textOption,
  type CommandInput,
} from '../../define-command.ts';
import { reportProvisioning } from '../../views/provision-report.ts';

const modes = ['both', 'create', 'update'] as const satisfies readonly ImportMode[];

export const command = defineCommand({
  name: 'device import',
  summary: 'Bring devices, modules and twins to what a file says.',
  description: `Reads what "iotctl device export" or an export job of Azure (devices.txt) wrote and brings the hub to it: what is \
missing is made, what differs is made equal, what is equal is left alone. Nothing is deleted, and what a line does not name \
stays as it is. An import that broke off is simply started again.

Lines that are not valid or that the hub refuses are told, and the others go on; --failed writes the refused ones to \
a file to be imported again. Parents of edge devices are found by their ids, because each hub names their scopes itself.`,
  arguments: [{ name: 'file', summary: 'NDJSON or CSV; - reads standard input', required: true, complete: 'file' }],
  options: [
    {
      name: 'format',
      type: 'string',
      value: 'FORMAT',
      summary: 'ndjson or csv; otherwise by the end of the name of the file',
      choices: ['ndjson', 'csv'],
    },
    {
      name: 'mode',
      type: 'string',
      value: 'MODE',
      summary: 'create leaves alone what is there, update makes nothing new',
      choices: modes,
      default: 'both',
    },
    { name: 'dry-run', summary: 'only say what would change' },
    {
      name: 'failed',
      type: 'string',
      value: 'FILE',
      summary: 'write what was refused to this file (mode 0600), to be imported again',
      complete: 'file',
    },
    {
      name: 'concurrency',
      type: 'integer',
      value: 'N',
      summary: 'bulk requests (of 100 devices) at once',
      default: 6,
      minimum: 1,
      maximum: 32,
    },
  ],
  examples: [
    { run: 'iotctl device import fleet.ndjson --dry-run', explains: 'what the file would change' },
    { run: 'iotctl device import fleet.ndjson --yes', explains: 'without a question' },
    {
      run: 'iotctl device import fleet.csv --mode create --failed refused.ndjson',
      explains: 'new devices alone; what is refused goes into a file',
    },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  run: importDevices,
});

async function importDevices(context: CommandContext, input: CommandInput): Promise<void> {
  const { importFleet, recordFailures } = await import('../../../fleet/import/index.ts');
  const source = await readSource(context, input);
  const options: ImportOptions = {
    mode: choiceOption(input, 'mode', modes) ?? 'both',
    dryRun: switchOption(input, 'dryRun'),
    concurrency: numberOption(input, 'concurrency'),
    signal: context.signal,
  };
  const hub = await context.hub();
  if (source.total === 0)
    throw new Failure('invalid-input', `there are no devices in ${requiredArg(input, 'file')}`, {
      hint: 'iotctl device export --out FILE writes such a file',
    });
  if (!options.dryRun) {
    const count =
      source.total === undefined ? 'the devices' : source.total === 1 ? '1 device' : `${source.total} devices`;
    await confirmChange(context, `Bring ${count} of the file to ${hub.hostName}?`, true);
  }
  const failed = options.dryRun ? undefined : textOption(input, 'failed');
  let refused = 0;
  const results = counted(importFleet(hub, source.rows, options), () => (refused += 1));
  const failure = await reportProvisioning(context, failed === undefined ? results : recordFailures(results, failed), {
    total: source.total,
    dryRun: options.dryRun,
    showSecrets: false,
  });
  if (failed !== undefined && refused > 0)
    context.notes.info(`what was refused is in ${failed}; to try it again: iotctl device import ${failed}`);
  if (failure !== undefined) throw failure;
}

async function readSource(context: CommandContext, input: CommandInput) {
  const { rowsFromFleetCsv, rowsFromNdjson } = await import('../../../fleet/import/index.ts');
  const { chunksOfFile, countLines } = await import('../../../fleet/provisioning/index.ts');
  const { formatOfName } = await import('../../../fleet/export/index.ts');
  const file = requiredArg(input, 'file');
  const format = choiceOption(input, 'format', ['ndjson', 'csv']) ?? formatOfName(file);
  const lines = file === '-' ? undefined : await countLines(file);
  const bytes = file === '-' ? context.stdin.stream() : chunksOfFile(file);
  const rows = format === 'csv' ? rowsFromFleetCsv(chunksOf(bytes)) : rowsFromNdjson(chunksOf(bytes));
  const total = lines === undefined ? undefined : Math.max(0, format === 'csv' ? lines - 1 : lines);
  return { rows, total };
}

async function* chunksOf(
  bytes: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array, void, undefined> {
  yield* bytes;
}

async function* counted(
  results: AsyncIterable<ImportResult>,
  onRefused: () => void,
): AsyncGenerator<ImportResult, void, undefined> {
  for await (const result of results) {
    if (result.outcome === 'failed' && result.row !== undefined) onRefused();
    yield result;
  }
}
