import type { Provisioning } from '../../fleet/ports.ts';
import type { CommandContext } from '../context.ts';
import { switchOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';

/** The provisioning service in the cloud has a connection string of its own; iotctl's hub serves both. */
export const serviceOption: OptionDeclaration = {
  name: 'dps-connection-string-file',
  type: 'string',
  value: 'FILE',
  summary: 'the provisioning service, by a connection string in a file; otherwise that of the hub',
  complete: 'file',
};

export const kindOptions: readonly OptionDeclaration[] = [
  { name: 'individual', summary: 'the enrollment of a single device' },
  { name: 'group', summary: 'the enrollment of a group of devices' },
];

export function openProvisioning(context: CommandContext, input: CommandInput): Promise<Provisioning> {
  return context.provisioning(textOption(input, 'dpsConnectionStringFile'));
}

/** Which kind was asked for; undefined for either. */
export function kindOf(input: CommandInput): 'individual' | 'group' | undefined {
  const individual = switchOption(input, 'individual');
  const group = switchOption(input, 'group');
  if (individual === group) return undefined;
  return group ? 'group' : 'individual';
}

/** Asks when the profile is protected; where no hub is chosen, there is none to protect. */
export async function confirmOnProtected(context: CommandContext, message: string): Promise<boolean> {
  const connection = await context.connection().catch(() => undefined);
  return connection?.protected === true ? context.prompt.confirm({ message }) : true;
}
