import { defineCommand, numberOption } from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';

export const command = defineCommand({
  name: 'hub stop',
  summary: 'Stop the hub on this machine.',
  description:
    'Asks the hub to stop and waits until it has: devices are disconnected, and what was acknowledged is on disk.',
  options: [
    dataOption,
    { name: 'timeout', type: 'duration', value: 'TIME', summary: 'how long to wait for its end', default: '30s' },
  ],
  examples: [
    { run: 'iotctl hub stop', explains: 'ends the hub; exit 3 when none runs' },
    { run: 'iotctl hub stop --data ./hub --timeout 1m', explains: 'the hub of another data directory' },
  ],
  exitCodes: [3, 4, 124, 143],
  output: 'none',
  async run(context, input) {
    const { stopHub } = await import('../../../fleet/hub/index.ts');
    const state = await stopHub({
      dataDir: dataDirectory(context, input),
      timeoutMs: numberOption(input, 'timeout') ?? 30_000,
      terminate: (pid) => context.runtime.terminate(pid),
      clock: context.clock,
      signal: context.signal,
    });
    context.notes.success(`the hub (process ${state.pid}) has stopped`);
  },
});
