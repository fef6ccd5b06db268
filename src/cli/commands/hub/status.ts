import { formatDuration } from '../../../std/duration.ts';
import { defineCommand } from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';
import { addressFields, withoutSecrets } from '../../views/hub-view.ts';

export const command = defineCommand({
  name: 'hub status',
  summary: 'Show whether the hub on this machine runs, and how it is.',
  description: `Shows where the hub listens, how many devices it has and how much telemetry it keeps. A hub that was started with --imitate
serves no more than one in the cloud does, so it tells where it is and since when, and how many devices it has.`,
  options: [dataOption],
  examples: [
    { run: 'iotctl hub status', explains: 'ports, devices and the size of the log; exit 3 when no hub runs' },
    { run: 'iotctl hub status -o json --query ports.mqtt', explains: 'one value for a script' },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  async run(context, input) {
    const { findHub, readLocalStatus } = await import('../../../fleet/hub/index.ts');
    const found = await findHub(dataDirectory(context, input));
    const status = await readLocalStatus(found, context, context.signal);
    await context.output.document(
      { ...withoutSecrets(found), ...status },
      {
        fields: (hub) => [
          ['Hub', hub.telemetry === null ? 'running; imitates a hub in the cloud' : 'running', 'good'],
          ['Up for', formatDuration(hub.uptimeSeconds * 1_000)],
          ['Process', hub.pid],
          ['Version', hub.version],
          ['Host name', hub.hostName],
          ...addressFields(hub),
          ...(hub.eventHub === null ? [] : [['Event Hubs', hub.eventHub] as const]),
          [
            'Devices',
            `${hub.devices.total} (${hub.devices.connected} connected, ${hub.devices.total - hub.devices.enabled} disabled)`,
          ],
          ...(hub.telemetry === null
            ? []
            : ([
                ['Telemetry', `${hub.telemetry.messages} messages, ${(hub.telemetry.bytes / 1_000_000).toFixed(1)} MB`],
                ['Oldest message', hub.telemetry.oldest ?? 'none'],
              ] as const)),
          ['Id scope', hub.dps.idScope],
          ['Data', hub.dataDir],
        ],
        json: (hub) => ({ running: true, ...hub }),
        name: (hub) => hub.hostName,
      },
    );
  },
});
