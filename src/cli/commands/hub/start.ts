import { toldSources } from '../../../protocol/telemetry/message.ts';
import { defineCommand, switchOption } from '../../define-command.ts';
import { dataOption } from '../../options/hub-data.ts';
import { imitateOption } from '../../options/imitation.ts';
import { keyHolders, logLevels } from '../../options/hub-flags.ts';

export const command = defineCommand({
  name: 'hub start',
  summary: 'Start a hub on this machine.',
  description: `Starts a hub in the foreground; Ctrl-C stops it, and that ends with exit code 0. The first start makes a \
certificate authority, keys and the profile "local", which is selected when none is. Everything is kept in the data \
directory.

The ports listen on this machine alone; --listen opens those with TLS to others. A default port that is taken or not allowed is replaced by a free one, and \
that is said; a port that you name is not. --ready-file is written when every port listens: hostName, ports, \
connectionString, eventHubConnectionString, dps, caFile, dataDir, pid,
replacedPorts.`,
  options: [
    dataOption,
    {
      name: 'mqtt-port',
      type: 'port',
      value: 'PORT',
      summary: 'plain MQTT: a number, 0 for a free one, or off; otherwise 1883',
    },
    { name: 'mqtts-port', type: 'port', value: 'PORT', summary: 'MQTT over TLS; otherwise 8883' },
    { name: 'amqp-port', type: 'port', value: 'PORT', summary: 'plain AMQP; otherwise 5672' },
    { name: 'amqps-port', type: 'port', value: 'PORT', summary: 'AMQP over TLS; otherwise 5671' },
    { name: 'http-port', type: 'port', value: 'PORT', summary: 'plain HTTP; otherwise 8080' },
    { name: 'https-port', type: 'port', value: 'PORT', summary: 'HTTPS; otherwise 443' },
    {
      name: 'operations-port',
      type: 'port',
      value: 'PORT',
      summary: 'plain HTTP for /metrics, /healthz and /readyz, open to whoever reaches it; otherwise off',
    },
    {
      name: 'listen',
      type: 'string',
      value: 'ADDRESS',
      summary: 'where the TLS ports listen beside loopback; * for every address of the machine',
      repeatable: true,
    },
    {
      name: 'operations-listen',
      type: 'string',
      value: 'ADDRESS',
      summary: 'where the operations port listens beside loopback',
      repeatable: true,
    },
    {
      name: 'hostname',
      type: 'string',
      value: 'NAME',
      summary: 'a name the hub answers to beside localhost; the first is in connection strings',
      repeatable: true,
    },
    {
      name: 'ready-file',
      type: 'string',
      value: 'FILE',
      summary: 'write this JSON file (mode 0600) when the hub is ready',
      complete: 'file',
    },
    { name: 'ephemeral', summary: 'keep everything in a temporary directory, and touch no profile' },
    { name: 'detach', summary: 'start it in the background and return when it is ready' },
    {
      name: 'retention',
      type: 'duration',
      value: 'TIME',
      summary: 'how long telemetry is kept, as in 30d; otherwise 7d',
      minimum: 60_000,
    },
    {
      name: 'retention-size',
      type: 'integer',
      value: 'MB',
      summary: 'how much telemetry is kept, in megabytes on disk; otherwise 10 GiB',
      minimum: 1,
    },
    {
      name: 'route',
      type: 'string',
      value: 'SOURCE',
      summary: 'events that Event Hubs clients read beside telemetry; otherwise telemetry alone',
      choices: toldSources,
      repeatable: true,
    },
    {
      name: 'consumer-group',
      type: 'string',
      value: 'NAME',
      summary: 'a consumer group for Event Hubs clients, beside $Default',
      repeatable: true,
    },
    {
      name: 'refuse-keys',
      type: 'string',
      value: 'WHOSE',
      summary: 'no keys of devices or modules are taken; they come with certificates',
      choices: keyHolders,
      repeatable: true,
    },
    imitateOption,
    {
      name: 'provisioning',
      type: 'string',
      value: 'FILE',
      summary: 'YAML or JSON: other hubs that devices may be assigned to, and how far away they are',
      complete: 'file',
    },
    {
      name: 'limits',
      type: 'string',
      value: 'FILE',
      summary: 'YAML or JSON: limits of the hub, as in mqtt: {connectBytes: 16KiB}; iotctl hub limits lists them',
      complete: 'file',
    },
    {
      name: 'limit',
      type: 'string',
      value: 'NAME=VALUE',
      summary: 'one of these limits, over the file, as connections.total=5000',
      repeatable: true,
    },
    { name: 'no-controller', summary: 'leave the rollouts of this hub to iotctl controller run' },
    {
      name: 'allow-commands',
      summary: 'run the programs that gates of rollouts name; whoever may write to the hub chooses them',
    },
    { name: 'log-level', type: 'string', value: 'LEVEL', summary: 'what the log says', choices: logLevels },
    { name: 'show-secrets', summary: 'show the connection string' },
  ],
  examples: [
    { run: 'iotctl hub start', explains: 'a hub in this terminal' },
    { run: 'iotctl hub start --detach', explains: 'a hub in the background; iotctl hub stop ends it' },
    {
      run: 'iotctl hub start --ephemeral --mqtt-port 0 --mqtts-port 0 --amqp-port 0 --amqps-port 0 --http-port 0 --https-port 0 --ready-file hub.json',
      explains: 'for a test: free ports, nothing kept',
    },
    {
      run: "iotctl hub start --listen '*' --hostname hub.example.com --operations-port 9464",
      explains: 'for devices elsewhere, watched by Prometheus on this machine',
    },
    {
      run: 'iotctl hub start --imitate tier=S1,lag=30s',
      explains: 'as slow and strict as a hub in the cloud, to see what a program makes of it',
    },
    {
      run: 'iotctl hub start --limit connections.total=5000 --limit device.messagesPerSecond=100',
      explains: 'for a small machine, and devices that must not run wild',
    },
  ],
  exitCodes: [1, 3, 4, 5, 124],
  output: 'document',
  async run(context, input) {
    if (switchOption(input, 'detach'))
      await (await import('../../hub/start-detached.ts')).startDetached(context, input);
    else await (await import('../../hub/start-here.ts')).startHere(context, input);
  },
});
