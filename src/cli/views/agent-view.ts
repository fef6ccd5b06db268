import type { AgentReading, FollowRequest } from '../../fleet/agent/index.ts';
import { formatDuration } from '../../std/duration.ts';
import type { Notes } from '../output/notes.ts';
import type { StreamView } from '../output/output.ts';

/** Readings of this machine as the agent takes them. */
export const readingView: StreamView<AgentReading> = {
  columns: [
    { header: 'TIME', value: (reading) => reading.time, tone: () => 'dim' },
    { header: 'DEVICE', value: (reading) => reading.deviceId, tone: () => 'accent' },
    { header: 'READING', value: (reading) => fields(reading).join('  ') },
    { header: 'WAITING', value: (reading) => reading.waiting, align: 'right', wide: true },
  ],
  json: ({ time, deviceId, body, waiting }) => ({ time, deviceId, body, waiting }),
  name: (reading) => reading.deviceId,
  line: (reading) => [
    [reading.time.slice(11, 19), 'dim'],
    [reading.deviceId, 'accent'],
    ...fields(reading).map((field) => [field] as const),
  ],
};

function fields(reading: AgentReading): string[] {
  return Object.entries(reading.body).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}

/** Says what else happens to the agent. */
export function tellAgentNews(notes: Notes, event: Parameters<FollowRequest['onNews']>[0]): void {
  switch (event.kind) {
    case 'link':
      if (event.state.kind === 'connected') notes.success('connected to the hub');
      else notes.warn(`${event.state.reason}; trying again in ${formatDuration(event.state.retryInMs)}`);
      return;
    case 'command':
      notes.info(`command ${event.name} answered with status ${event.status}`);
      return;
    case 'setting':
      notes.info(`from now on every ${event.intervalSeconds} s: ${event.metrics.join(', ')}`);
      return;
    case 'lost':
      notes.warn(event.count === 0 ? event.reason : `${event.count} readings lost: ${event.reason}`);
      return;
    case 'firmware':
      tellFirmware(notes, event);
      return;
    case 'trouble':
      notes.warn(event.reason);
      return;
    case 'delivered':
      if (event.count > 1) notes.info(`${event.count} kept readings delivered, ${event.waiting} to go`);
  }
}

type News = Parameters<FollowRequest['onNews']>[0];

/** An update as its person follows it: one line for each step. */
function tellFirmware(notes: Notes, { report, wanted }: Extract<News, { kind: 'firmware' }>): void {
  const { state, version, progress, code, message, until } = report;
  const name = `firmware ${wanted ?? ''}`.trim();
  const reason = [code, message].filter((part) => part !== null && part !== undefined && part !== '').join(': ');
  switch (state) {
    case 'idle':
      return notes.info(`firmware ${version} runs, none is offered`);
    case 'downloading':
      return notes.info(`${name}: downloading, ${progress ?? 0} %`);
    case 'staged':
      return notes.info(`${name}: fetched and verified`);
    case 'deferred':
      return notes.info(`${name}: put off until ${until ?? 'later'}${reason === '' ? '' : `: ${reason}`}`);
    case 'installing':
      return notes.info(`${name}: verifying again, then installing`);
    case 'rebooting':
      return notes.info(`${name}: activating`);
    case 'trial':
      return notes.info(`${name}: runs on trial`);
    case 'confirmed':
      return notes.success(`firmware ${version} runs and is confirmed`);
    case 'reverted':
      return notes.warn(`${name}: went back to ${version}: ${reason}`);
    case 'failed':
    case 'rejected':
      return notes.warn(`${name}: ${state}: ${reason}`);
  }
}
