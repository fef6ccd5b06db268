import { eventTypes } from '../../../fleet/events/device-event.ts';
import { defineCommand, listOption, type CommandInput } from '../../define-command.ts';
import type { CommandContext } from '../../context.ts';
import { fromOption } from '../../options/selector.ts';
import { checkTailDevices, limitOptions, readTailRequest, spanOptions } from '../../options/tail-flags.ts';
import { eventView } from '../../views/event-view.ts';

export const command = defineCommand({
  name: 'tail events',
  summary: 'Follow what happens to devices: connections, creations, deletions, twin changes.',
  description: `Follows what the hub tells about its devices and modules, stored and new, and goes on without gap or \
repeat when the hub restarts.

A hub in the cloud tells only what is routed to its built-in endpoint: add routes there for the sources \
deviceConnectionStateEvents, deviceLifecycleEvents and twinChangeEvents.

In --where, a bare name is a member of the event's body ("properties.reported" and "tags" of a twin change are those \
of the twin as it is now; the change itself is body.properties.reported), and properties.opType is the operation.`,
  arguments: [
    { name: 'device', summary: 'ids and globs of devices; all when there is none', variadic: true, complete: 'device' },
  ],
  options: [
    {
      name: 'type',
      type: 'string',
      value: 'TYPE',
      summary: 'only these events',
      choices: eventTypes,
      repeatable: true,
    },
    { name: 'where', type: 'string', value: 'CONDITION', summary: 'only events for which this holds' },
    fromOption,
    ...spanOptions,
    ...limitOptions('events'),
  ],
  examples: [
    { run: 'iotctl tail events', explains: 'all devices, live' },
    { run: "iotctl tail events 'truck-*' --type disconnected --since 1h", explains: 'trucks that went offline' },
    {
      run: 'iotctl tail events pump-001 --type connected --count 1 --timeout 2m',
      explains: 'wait until a device comes back; exit 124 when it does not',
    },
  ],
  exitCodes: [1, 3, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  async run(context: CommandContext, input: CommandInput) {
    const { tailEvents } = await import('../../../fleet/events/index.ts');
    const request = await readTailRequest(context, input, context.signal);
    const hub = await context.hub();
    await checkTailDevices(context, request);
    if (context.notes.isTTY && request.since === undefined) context.notes.info('waiting for events; Ctrl-C ends');
    const chosen = eventTypes.filter((type) => listOption(input, 'type').includes(type));
    await context.output.stream(
      tailEvents(hub, context.clock, { ...request, types: chosen }),
      eventView(context.clock.now()),
    );
  },
});
