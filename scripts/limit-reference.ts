import { formatLimit, limitTable, type Limit } from '../src/hub/limits/index.ts';

const titles: Readonly<Record<keyof typeof limitTable, string>> = {
  connections: 'Connections, and peers that have not shown who they are',
  memory: 'Memory for all peers together',
  device: 'What one device may ask',
  credentials: 'Wrong credentials',
  mqtt: 'MQTT',
  amqp: 'AMQP',
  http: 'HTTP',
  webSocket: 'WebSockets',
};

/** docs/limits.md: every limit of a hub, from the one table. */
export function limitReference(): string {
  const parts = [
    '# Limits of a hub',
    '',
    'Generated from `src/hub/limits` (`npm run docs`); do not edit. Why there are such limits: [decision 0028](decisions/0028-limits-of-the-hub.md).',
    '',
    'They are set when the hub starts, one by one or from a file, and `iotctl hub limits` shows those of the hub that runs. Sizes may be written `64KiB` or `1MiB`,',
    'times `500ms`, `8s` or `1m`; a name that does not exist is refused, as is a value out of its bounds.',
    '',
    '```sh',
    'iotctl hub start --limit connections.total=5000 --limit device.messagesPerSecond=100',
    'iotctl hub start --limits limits.yaml',
    '```',
    '',
    '```yaml',
    'connections:',
    '  total: 5000',
    'mqtt:',
    '  writeStallMs: 20s',
    '```',
    ...Object.entries<Readonly<Record<string, Limit>>>(limitTable).flatMap(([group, limits]) => [
      '',
      `## ${titles[group as keyof typeof limitTable]}`,
      '',
      '| limit | default | from, to | what | why |',
      '|---|---:|---|---|---|',
      ...Object.entries(limits).map(([name, limit]) => row(`${group}.${name}`, limit)),
    ]),
  ];
  return `${parts.join('\n')}\n`;
}

function row(name: string, limit: Limit): string {
  const write = (value: number): string => formatLimit(limit, value);
  return `| \`${name}\` | ${write(limit.default)} | ${write(limit.least)}, ${write(limit.most)} | ${limit.what} | ${limit.why} |`;
}
