import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { DeviceRecord } from '../ports.ts';
import type { DeviceSession } from '../services.ts';

/** Nobody took the call in time: says whether the device is away (and since when) or does not listen. 404103, service.md §4. */
export function notOnline(record: DeviceRecord, session: DeviceSession | undefined, waitedSeconds: number): HubError {
  const waited = waitedSeconds === 0 ? '' : ` Waited ${waitedSeconds} s for it.`;
  return new HubError('DeviceNotOnline', `${describe(record, session)}${waited}`, { timeout: timeSpan(waitedSeconds) });
}

function describe(record: DeviceRecord, session: DeviceSession | undefined): string {
  const { deviceId, moduleId } = record;
  const device = moduleId === '' ? `Device '${deviceId}'` : `Module '${moduleId}' of device '${deviceId}'`;
  if (record.status === 'disabled') return `${device} is disabled, so it cannot be online.`;
  if (session !== undefined) return `${device} is connected but has not subscribed to methods.`;
  if (record.connectionStateUpdatedTime === 0) return `${device} is not online: it has never connected.`;
  const since = isoMillis(record.connectionStateUpdatedTime);
  return `${device} is not online: disconnected since ${since}, last activity ${isoMillis(record.lastActivityTime)}.`;
}

/** The device took the call and did not answer in time. 504101, service.md §4. */
export function noAnswer(waitedSeconds: number): HubError {
  return new HubError('GatewayTimeout', 'Timed out waiting for the response from device.', {
    timeout: timeSpan(waitedSeconds),
  });
}

/** The device answered with something that is not an answer. 502000. */
export function badAnswer(problem: string): HubError {
  return new HubError('BadDeviceResponse', `The device's answer ${problem}.`);
}

/** `hh:mm:ss`, as `info.timeout` has it. */
function timeSpan(seconds: number): string {
  return `${twoDigits(seconds / 3_600)}:${twoDigits((seconds % 3_600) / 60)}:${twoDigits(seconds % 60)}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
