import type { DeviceChange, DeviceDetails, DeviceSummary } from '../../fleet/devices/index.ts';
import { formatDuration } from '../../std/duration.ts';
import type { DocumentView, ListView, StreamView, Tone } from '../output/output.ts';

/** Lists of devices; ages count from `now`, Unix milliseconds. `asked` are the globs and the condition they were chosen by. */
export function deviceListView(now: number, asked: readonly string[] = []): ListView<DeviceSummary> {
  return {
    columns: [
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      { header: 'STATUS', value: ({ status }) => status, tone: ({ status }) => statusTone(status) },
      {
        header: 'CONNECTION',
        value: ({ connectionState }) => connectionState.toLowerCase(),
        tone: ({ connectionState }) => connectionTone(connectionState),
      },
      { header: 'LAST ACTIVITY', value: ({ lastActivityTime }) => ageText(lastActivityTime, now), align: 'right' },
      { header: 'TAGS', value: ({ tags }) => tagText(tags) },
      { header: 'REASON', value: ({ statusReason }) => statusReason, wide: true },
      { header: 'LAST ACTIVITY AT', value: ({ lastActivityTime }) => lastActivityTime, wide: true },
    ],
    json: ({ deviceId, status, statusReason, connectionState, lastActivityTime, tags }) => ({
      deviceId,
      status,
      statusReason,
      connectionState,
      lastActivityTime,
      tags,
    }),
    name: ({ deviceId }) => deviceId,
    empty: asked.length === 0 ? 'no devices; iotctl provision makes some' : `no device matches ${asked.join(' ')}`,
  };
}

/** One device; what is null is not known. */
export function deviceView(now: number): DocumentView<DeviceDetails> {
  return {
    fields: (device) => [
      ['Device', device.deviceId, 'accent'],
      [
        'Status',
        device.statusReason === null ? device.status : `${device.status} (${device.statusReason})`,
        statusTone(device.status),
      ],
      ['Connection', connectionText(device, now), connectionTone(device.connectionState)],
      ['Last activity', ageText(device.lastActivityTime, now)],
      ['Authentication', device.authenticationType],
      ['Primary key', device.primaryKey ?? undefined],
      ['Secondary key', device.secondaryKey ?? undefined],
      ['Connection string', device.connectionString],
      ['Model', device.modelId ?? undefined],
      ['Queued messages', device.queuedMessages],
      ['Modules', device.modules === null || device.modules.length === 0 ? undefined : device.modules.join(', ')],
      ['ETag', device.etag, 'dim'],
      ['Tags', device.tags ?? undefined],
      ['Desired', device.desired ?? undefined],
      ['Reported', device.reported ?? undefined],
    ],
    json: (device) => device,
    name: ({ deviceId }) => deviceId,
  };
}

/** Changes of devices as they are noticed. */
export const deviceChangeView: StreamView<DeviceChange> = {
  columns: [
    { header: 'TIME', value: ({ time }) => time, tone: () => 'dim' },
    { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
    { header: 'CHANGE', value: ({ change }) => change, tone: changeTone },
    { header: 'STATUS', value: ({ status }) => status },
    { header: 'CONNECTION', value: ({ connectionState }) => connectionState.toLowerCase() },
  ],
  json: (change) => change,
  name: ({ deviceId }) => deviceId,
  line: (change) => [
    [change.time.slice(11, 19), 'dim'],
    [change.deviceId, 'accent'],
    [change.change, changeTone(change)],
  ],
};

/** `3m 20s ago`, `never`. */
export function ageText(time: string | null, now: number): string {
  const at = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? 'never' : `${formatDuration(Math.max(0, now - at))} ago`;
}

function connectionText(device: DeviceDetails, now: number): string {
  const state = device.connectionState.toLowerCase();
  const since = device.connectionStateUpdatedTime;
  return since === null ? state : `${state}, since ${ageText(since, now).replace(/ ago$/, '')}`;
}

function tagText(tags: DeviceSummary['tags']): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function statusTone(status: string): Tone {
  return status === 'enabled' ? 'plain' : 'warn';
}

function connectionTone(state: string): Tone {
  return state === 'Connected' ? 'good' : 'dim';
}

function changeTone({ change }: DeviceChange): Tone {
  if (change === 'connected' || change === 'enabled' || change === 'created') return 'good';
  return change === 'deleted' || change === 'disconnected' ? 'bad' : 'warn';
}
