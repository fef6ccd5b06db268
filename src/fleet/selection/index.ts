export { selectDevices, type DeviceSelector } from './select-devices.ts';
export { conditionOfGlobs, quoteLiteral } from './glob-condition.ts';
export { failureOfRead, linesOfFile } from './lines.ts';
export { parseWhere } from './where.ts';
