import type { OptionDeclaration } from '../define-command.ts';
import type { OutputFormat } from '../output/output.ts';

/** Flags every command takes, anywhere on the line. Each has a variable: `--no-input` is `IOTCTL_NO_INPUT`. */
export const globalOptionDeclarations: readonly OptionDeclaration[] = [
  { name: 'profile', summary: 'hub to use, by its profile', type: 'string', value: 'NAME', complete: 'profile' },
  {
    name: 'connection-string-file',
    summary: 'hub to use, by a connection string in a file (- is standard input)',
    type: 'string',
    value: 'FILE',
    complete: 'file',
  },
  {
    name: 'output',
    short: 'o',
    summary: 'how the result is written',
    type: 'string',
    value: 'FORMAT',
    choices: ['table', 'wide', 'json', 'ndjson', 'yaml', 'csv', 'name', 'lines', 'raw'] satisfies OutputFormat[],
  },
  { name: 'query', summary: 'JMESPath expression that picks from the result', type: 'string', value: 'JMESPATH' },
  { name: 'columns', summary: 'columns of a table or CSV, in order, by their headers', type: 'string', value: 'A,B' },
  { name: 'yes', short: 'y', summary: 'answer yes to questions' },
  {
    name: 'confirm',
    summary: 'confirm a change on a protected profile by its name',
    type: 'string',
    value: 'PROFILE',
    complete: 'profile',
  },
  { name: 'no-input', summary: 'never ask; fail instead' },
  { name: 'quiet', short: 'q', summary: 'no notes or progress, only results, warnings and errors' },
  { name: 'color', summary: 'colour even when the output is no terminal' },
  { name: 'no-color', summary: 'no colour' },
  { name: 'debug', summary: 'say more when something fails' },
];

/** The values of the global flags, environment included. */
export interface GlobalOptions {
  readonly profile: string | undefined;
  readonly connectionStringFile: string | undefined;
  /** `source` tells a wish for this call from one for all calls, which gives way where it makes no sense. */
  readonly output: { readonly format: OutputFormat; readonly source: 'flag' | 'environment' } | undefined;
  readonly query: string | undefined;
  readonly columns: readonly string[] | undefined;
  readonly yes: boolean;
  readonly confirm: string | undefined;
  readonly noInput: boolean;
  readonly quiet: boolean;
  readonly color: boolean | undefined;
  readonly debug: boolean;
}
