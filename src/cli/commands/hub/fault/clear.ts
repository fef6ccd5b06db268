import { defineCommand, optionalArg } from '../../../define-command.ts';

export const command = defineCommand({
  name: 'hub fault clear',
  summary: 'Let a hub make no more faults.',
  arguments: [{ name: 'fault', summary: 'id of one; otherwise all of them' }],
  examples: [
    { run: 'iotctl hub fault clear', explains: 'all of them' },
    { run: 'iotctl hub fault clear fault-2', explains: 'one, by its id in hub fault list' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'none',
  usesHub: true,
  async run(context, input) {
    const cleared = await (await context.hub()).faults.clear(optionalArg(input, 'fault'), context.signal);
    context.notes.success(`${cleared} ${cleared === 1 ? 'fault' : 'faults'} cleared`);
  },
});
