import { Failure } from '../../../../errors/index.ts';
import { faultKinds, faultLimits, faultMeanings } from '../../../../protocol/faults.ts';
import { confirmChange } from '../../../changes/confirm-change.ts';
import { choiceArg, defineCommand, numberOption, textOption } from '../../../define-command.ts';
import { faultView } from '../../../views/fault-view.ts';

export const command = defineCommand({
  name: 'hub fault add',
  summary: 'Let a hub of iotctl make faults, to test devices and programs.',
  description: `${faultKinds.map((kind) => `${kind}: ${faultMeanings[kind]}.`).join('\n')}

Messages are telemetry from a device and the notices of changed desired properties to it. Faults strike on any \
protocol. They end with --for, with hub fault clear, or with the hub.`,
  arguments: [{ name: 'kind', summary: 'what goes wrong', required: true, choices: faultKinds }],
  options: [
    {
      name: 'device',
      type: 'string',
      value: 'ID',
      summary: 'id or glob of the devices; otherwise all',
      complete: 'device',
    },
    {
      name: 'probability',
      type: 'number',
      value: 'P',
      summary: 'how often it strikes, as in 0.1; otherwise always',
      minimum: 0,
      maximum: 1,
    },
    {
      name: 'for',
      type: 'duration',
      value: 'TIME',
      summary: 'how long it lasts',
      minimum: 1,
      maximum: faultLimits.forMs,
    },
    {
      name: 'delay',
      type: 'duration',
      value: 'TIME',
      summary: 'how late, for the kind delay; otherwise 1s',
      minimum: 1,
      maximum: faultLimits.delayMs,
    },
  ],
  examples: [
    { run: "iotctl hub fault add drop --device 'pump-*' --probability 0.1 --for 5m", explains: 'one in ten is lost' },
    { run: 'iotctl hub fault add delay --delay 200ms', explains: 'everything comes a little late' },
    { run: 'iotctl hub fault add method-timeout --device pump-1', explains: 'commands to one device time out' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const kind = choiceArg(input, 'kind', faultKinds);
    const delayMs = numberOption(input, 'delay');
    const probability = numberOption(input, 'probability') ?? 1;
    if (delayMs !== undefined && kind !== 'delay') throw new Failure('usage', '--delay is of the kind delay alone');
    if (probability === 0) throw new Failure('invalid-value', '--probability must be above 0');
    const hub = await context.hub();
    await confirmChange(context, `Let ${hub.hostName} make faults?`, false);
    const fault = {
      kind,
      device: textOption(input, 'device') ?? '*',
      probability,
      delayMs,
      forMs: numberOption(input, 'for'),
    };
    await context.output.list([await hub.faults.add(fault, context.signal)], faultView(context.clock.now()));
  },
});
