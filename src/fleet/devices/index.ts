export { deleteDevices, type DeleteOptions } from './delete-devices.ts';
export { listDevices, type DeviceSummary, type ListOptions } from './list-devices.ts';
export type { DeviceOutcome } from './outcome.ts';
export { setStatus, type SetStatusOptions } from './set-status.ts';
export { showDevice, type DeviceDetails } from './show-device.ts';
export { watchDevices, type DeviceChange, type WatchOptions } from './watch-devices.ts';
