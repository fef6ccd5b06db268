import { Failure } from '../../errors/index.ts';
import type { FirmwareOptions } from '../../device/index.ts';
import type { CommandContext } from '../context.ts';
import { camelCase } from './read-input.ts';
import { switchOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';

/** Flags of an agent that updates its machine. */
export const agentFirmwareOptions = [
  {
    name: 'firmware-dir',
    type: 'string',
    value: 'DIR',
    summary: 'take firmware from the hub and keep it here',
    complete: 'directory',
  },
  {
    name: 'firmware-image',
    type: 'string',
    value: 'FILE',
    summary: 'first start: the file that runs now; it is copied',
    complete: 'file',
  },
  { name: 'firmware-version', type: 'string', value: 'VERSION', summary: 'first start: the version that runs now' },
  {
    name: 'hardware',
    type: 'string',
    value: 'MODEL',
    summary: 'first start: what the machine is, as manifests name it',
  },
  {
    name: 'firmware-trust',
    type: 'string',
    value: 'FILE',
    summary: 'first start: the keys that may sign firmware; it is copied',
    complete: 'file',
  },
  {
    name: 'firmware-activate',
    type: 'string',
    value: 'FILE',
    summary: 'program that has a new firmware run, instead of DIR/hooks/activate',
    complete: 'file',
  },
  {
    name: 'firmware-rate',
    type: 'string',
    value: 'RATE',
    summary: 'the most to download, in bytes per second, such as 500k or 2M',
  },
] as const satisfies readonly OptionDeclaration[];

/** What the flags say about firmware; undefined without --firmware-dir. Failures: usage, invalid-value, invalid-input, file-not-found. */
export async function readAgentFirmware(
  context: CommandContext,
  input: CommandInput,
): Promise<FirmwareOptions | undefined> {
  const directory = textOption(input, 'firmwareDir');
  const other = agentFirmwareOptions.slice(1).find(({ name }) => input.options[camelCase(name)] !== undefined);
  if (directory === undefined) {
    if (other === undefined) return undefined;
    throw new Failure('usage', `--${other.name} needs --firmware-dir DIR`);
  }
  if (switchOption(input, 'once'))
    throw new Failure('usage', '--once ends after one reading; an update takes longer', {
      hint: 'leave one of --once and --firmware-dir out',
    });
  const { readFirmwareOptions } = await import('../../fleet/agent/firmware-options.ts');
  return readFirmwareOptions({
    directory,
    uid: context.runtime.uid,
    image: textOption(input, 'firmwareImage'),
    version: textOption(input, 'firmwareVersion'),
    hardware: textOption(input, 'hardware'),
    trustFile: textOption(input, 'firmwareTrust'),
    activate: textOption(input, 'firmwareActivate'),
    rate: textOption(input, 'firmwareRate'),
  });
}
