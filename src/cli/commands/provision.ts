import { Failure } from '../../errors/index.ts';
import type { InputRow, ProvisionOptions } from '../../fleet/provisioning/index.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import type { CommandContext } from '../context.ts';
import { defineCommand, numberOption, switchOption, textOption, type CommandInput } from '../define-command.ts';
import { numberingOf, rowsOfCommandLine, type ProvisionSource } from '../options/provision-rows.ts';
import { reportProvisioning } from '../views/provision-report.ts';

export const command = defineCommand({
  name: 'provision',
  summary: 'Register devices: by id, by number, or from a CSV file.',
  description: `Registers devices with their tags and desired properties; the hub makes their keys unless the file has some. Run \
again, it changes only what differs, so a run that broke off is simply repeated. Tags and desired properties are \
merged into what is there.

Without arguments, on a terminal, it asks. --template prints a CSV file to begin with: columns deviceId, key, \
secondaryKey, status, authentication, thumbprint, secondaryThumbprint, TAG:name and DESIRED:name; names nest by dots, values are typed, an empty field says \
nothing. A line that is not valid is reported with its number and the others still go on, unless --strict is \
given.

Connection strings are secrets: they are shown with --show-secrets and written with --out (a CSV file only you \
can read).`,
  arguments: [{ name: 'id', summary: 'ids of the devices', variadic: true, complete: 'none' }],
  options: [
    {
      name: 'count',
      type: 'integer',
      value: 'N',
      summary: 'register so many, numbered after --prefix',
      minimum: 1,
      maximum: 1_000_000,
    },
    { name: 'prefix', type: 'string', value: 'TEXT', summary: 'what the numbered ids begin with, as in pump-' },
    { name: 'start', type: 'integer', value: 'N', summary: 'first number', default: 1, minimum: 0 },
    {
      name: 'digits',
      type: 'integer',
      value: 'N',
      summary: 'pad the numbers with zeros to so many digits',
      default: 3,
      minimum: 1,
      maximum: 12,
    },
    {
      name: 'from',
      type: 'string',
      value: 'FILE',
      summary: 'read devices from a CSV file; - reads standard input',
      complete: 'file',
    },
    { name: 'strict', summary: 'with --from: write nothing when a line is not valid' },
    { name: 'template', summary: 'print a CSV file to begin with' },
    {
      name: 'tag',
      type: 'string',
      value: 'KEY=VALUE',
      summary: 'tag of all devices named here, as in site=north',
      repeatable: true,
    },
    {
      name: 'desired',
      type: 'string',
      value: 'KEY=VALUE',
      summary: 'desired property of all devices named here',
      repeatable: true,
    },
    { name: 'ca-signed', summary: 'they come with certificates of a CA that the hub has verified, not with keys' },
    {
      name: 'thumbprint',
      type: 'string',
      value: 'HEX',
      summary: 'digest (SHA-1 or SHA-256) of the certificate of the one device named here',
    },
    {
      name: 'out',
      type: 'string',
      value: 'FILE',
      summary: 'write results with connection strings to a CSV file (mode 0600)',
      complete: 'file',
    },
    { name: 'show-secrets', summary: 'show connection strings' },
    { name: 'dry-run', summary: 'only say what would change' },
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
    {
      run: 'iotctl provision truck-001 --tag site=north --show-secrets',
      explains: 'one device, with its connection string',
    },
    {
      run: 'iotctl provision --count 500 --prefix pump- --out pumps.csv',
      explains: 'pump-001 to pump-500; connection strings into a file',
    },
    { run: 'iotctl provision --template > devices.csv', explains: 'a file to begin with' },
    { run: 'iotctl provision --from devices.csv --dry-run', explains: 'what the file would change' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  run: provision,
});

async function provision(context: CommandContext, input: CommandInput): Promise<void> {
  const { csvTemplate, provisionDevices, recordResults } = await import('../../fleet/provisioning/index.ts');
  if (switchOption(input, 'template')) {
    await context.output.text(csvTemplate);
    return;
  }
  const source = await chooseRows(context, input);
  const hub = await context.hub();
  const out = switchOption(input, 'dryRun') ? undefined : textOption(input, 'out');
  const options: ProvisionOptions = {
    concurrency: numberOption(input, 'concurrency') ?? 6,
    dryRun: switchOption(input, 'dryRun'),
    connectionStrings: out !== undefined || switchOption(input, 'showSecrets'),
    signal: context.signal,
  };
  if (options.dryRun !== true)
    await confirmChange(context, `Provision ${source.total ?? 'the'} devices on ${hub.hostName}?`, false);
  const rows = switchOption(input, 'strict') ? await allValid(context, source.rows) : source.rows;
  const results = provisionDevices(hub, rows, options);
  const failure = await reportProvisioning(context, out === undefined ? results : recordResults(results, out), {
    total: source.total,
    dryRun: options.dryRun === true,
    showSecrets: switchOption(input, 'showSecrets'),
  });
  if (out !== undefined) context.notes.success(`connection strings are in ${out}, which only you can read`);
  if (failure !== undefined) throw failure;
}

async function chooseRows(context: CommandContext, input: CommandInput): Promise<ProvisionSource> {
  const source = await rowsOfCommandLine(context, input);
  if (source !== undefined) return source;
  if (!context.prompt.available) {
    throw new Failure('input-required', 'no device is named, and there is no terminal to ask on', {
      hint: 'give an ID, --count with --prefix, or --from FILE',
    });
  }
  const { askForDevices } = await import('../prompt/ask-for-devices.ts');
  return askForDevices(context, numberingOf(input));
}

/** Reads all rows before the first is written; used with --strict. */
async function allValid(context: CommandContext, rows: ProvisionSource['rows']): Promise<InputRow[]> {
  const all: InputRow[] = [];
  let bad = 0;
  for await (const row of rows) {
    all.push(row);
    if (row.kind !== 'bad') continue;
    bad++;
    if (bad <= 20) context.notes.warn(`line ${row.line}: ${row.reason}`);
  }
  if (bad === 0) return all;
  throw new Failure(
    'invalid-input',
    `nothing was written, because ${bad} line${bad === 1 ? ' is' : 's are'} not valid`,
  );
}
