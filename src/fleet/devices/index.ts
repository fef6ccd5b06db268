export { deleteDevices } from './delete-devices.ts';
export { listDevices, type DeviceSummary } from './list-devices.ts';
export { outcomeOf, type DeviceOutcome } from './outcome.ts';
export { renewKeys, type RenewMode, type RenewOutcome } from './renew-keys.ts';
export { setStatus } from './set-status.ts';
export { showDevice, type DeviceDetails } from './show-device.ts';
export { watchDevices, type DeviceChange } from './watch-devices.ts';
