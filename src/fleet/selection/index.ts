export { selectDevices, type DeviceSelector } from './select-devices.ts';
export { conditionOfGlobs } from './glob-condition.ts';
export { linesOfFile } from './lines.ts';
export { failureOfRead } from './read-failure.ts';
export { parseWhere } from './where.ts';
