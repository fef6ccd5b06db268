import { Failure } from '../../../errors/index.ts';
import type { EditTwinResult } from '../../../fleet/twins/index.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, requiredArg, switchOption, type CommandInput } from '../../define-command.ts';
import { dryRunOption } from '../../changes/change-devices.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { differenceView, twinView } from '../../views/twin-view.ts';

export const command = defineCommand({
  name: 'twin edit',
  summary: 'Edit tags and desired properties in your editor.',
  description: `Opens the tags and desired properties of a device or module in $VISUAL or
$EDITOR, shows what you changed, asks, and writes it, unless somebody else
changed the twin meanwhile: then the editor opens again with both changes. An
empty or unchanged text changes nothing.`,
  arguments: [{ name: 'device', summary: 'DEVICE or DEVICE/MODULE', required: true, complete: 'device' }],
  options: [{ name: 'json', summary: 'edit JSON instead of YAML' }, dryRunOption],
  examples: [
    { run: 'iotctl twin edit pump-001', explains: 'in the editor that VISUAL or EDITOR names' },
    { run: "EDITOR='code --wait' iotctl twin edit pump-001 --json", explains: 'in another editor, as JSON' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  run: edit,
});

async function edit(context: CommandContext, input: CommandInput): Promise<void> {
  const identity = requiredArg(input, 'device');
  if (!context.prompt.available) {
    throw new Failure('usage', 'twin edit needs a terminal for the editor', {
      hint: `iotctl twin set ${identity} NAME=VALUE`,
    });
  }
  const { editByHand } = await import('../../edit/edit-twin.ts');
  const hub = await context.hub();
  const result = await editByHand(context, hub, {
    identity,
    format: switchOption(input, 'json') ? 'json' : 'yaml',
    dryRun: switchOption(input, 'dryRun'),
    confirm: async () => confirmChange(context, `Change the twin of ${identity} on ${hub.hostName}?`, true),
  });
  await show(context, identity, result);
}

async function show(context: CommandContext, identity: string, result: EditTwinResult): Promise<void> {
  if (result.kind === 'unchanged') context.notes.info(`the twin of ${identity} stays as it is`);
  else if (result.kind === 'written') await context.output.document(result.twin, twinView(undefined));
  else
    await context.output.list(result.differences, differenceView('now', 'then', `nothing would change in ${identity}`));
}
