/** The rooms of src, and which rooms each may enter (docs/architecture.md). The arrows point down only. */
export const roomImports: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['system.ts', 'cli', 'fleet', 'client', 'hub', 'device', 'config', 'protocol', 'x509', 'errors', 'std'],
  'system.ts': ['cli', 'std'],
  cli: ['fleet', 'client', 'hub', 'device', 'config', 'protocol', 'errors', 'std'],
  fleet: ['client', 'hub', 'device', 'config', 'protocol', 'x509', 'errors', 'std'],
  client: ['config', 'protocol', 'errors', 'std'],
  hub: ['config', 'protocol', 'x509', 'errors', 'std'],
  device: ['config', 'protocol', 'errors', 'std'],
  protocol: ['errors', 'std'],
  config: ['errors', 'std'],
  x509: ['errors', 'std'],
  errors: [],
  std: ['errors'],
};

/** Which packages a room, or a part of it, may use; the longest matching path counts. Nothing listed, nothing allowed. */
export const packageImports: Readonly<Record<string, readonly string[]>> = {
  'src/cli': [],
  'src/cli/program.ts': ['commander'],
  'src/cli/documents': ['yaml'],
  'src/cli/edit': ['yaml'],
  'src/cli/hub': ['pino'],
  'src/cli/output': ['chalk', 'cli-table3', 'yaml', '@jmespath-community/jmespath'],
  'src/cli/prompt': ['inquirer'],
  'src/fleet': ['csv-parse', 'zod'],
  'src/fleet/firmware': ['semver', 'zod'],
  'src/fleet/rollout': ['semver', 'zod'],
  'src/protocol/firmware': ['semver', 'zod'],
  'src/client': ['mqtt', 'zod'],
  'src/client/amqp': ['rhea', 'ws'],
  'src/client/entra': ['@azure/identity'],
  'src/client/event-hubs': ['@azure/event-hubs', 'rhea', 'ws'],
  'src/client/proxy.ts': ['https-proxy-agent'],
  'src/client/storage': ['@azure/storage-blob'],
  'src/config': ['conf', '@napi-rs/keyring', 'zod'],
  'src/device': ['mqtt', 'systeminformation', 'zod'],
  'src/hub/auth': ['zod'],
  'src/hub/http': ['fastify', 'zod'],
  'src/hub/mqtt': ['mqtt-packet'],
  'src/hub/operations': ['prom-client'],
  'src/hub/store': ['kysely'],
  'src/hub/websocket': ['ws'],
  'src/x509': ['@peculiar/x509', 'reflect-metadata'],
  'src/hub/log.ts': ['pino'],
};

/** Parts of the hub that must not know each other: a front knows neither another front nor the store. */
export const hubFronts: readonly string[] = ['src/hub/blob', 'src/hub/http', 'src/hub/mqtt'];

/** Rooms that are programs of their own: others enter them by `index.ts`, except for types. */
export const doors: readonly string[] = ['client', 'hub', 'device'];
