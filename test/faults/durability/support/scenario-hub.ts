/**
 * A hub alone in a process, on free ports, for tests that kill or fail it at a certain call: `scenario-hub.ts DATA READY-FILE`. Less
 * than the command line, so that hundreds of starts are affordable; retention comes by soon, so that it is part of what is seen.
 */
import { startHub } from '../../../../src/hub/index.ts';
import { realClock } from '../../../support/real-clock.ts';
import { writeFileAtomic } from '../../../../src/std/atomic-file.ts';

/** How often retention runs in a hub, and here. */
const pruneMs = { usual: 60_000, here: 250 };

const [, , dataDir = '', readyFile = ''] = process.argv;
const say = (level: string, fields: object, message: string): void => {
  const text = JSON.stringify({ level, ...fields, message }, (_key, value: unknown) =>
    value instanceof Error ? value.message : value,
  );
  process.stderr.write(`${text}\n`);
};
const hub = await startHub({
  dataDir,
  ports: { mqtt: 0, http: 0, mqtts: 'off', amqp: 'off', amqps: 'off', https: 'off' },
  clock: {
    ...realClock,
    after: (ms, fire, options) => realClock.after(ms === pruneMs.usual ? pruneMs.here : ms, fire, options),
  },
  log: {
    debug: () => undefined,
    info: (fields, message) => say('info', fields, message),
    warn: (fields, message) => say('warn', fields, message),
    error: (fields, message) => say('error', fields, message),
  },
  pid: process.pid,
  version: '0.0.0',
});
process.on('SIGTERM', () => {
  void hub.close().then(() => process.exit());
});
// Not through the data directory: its own writes are what is looked at there.
await writeFileAtomic(readyFile, JSON.stringify(hub.info));
