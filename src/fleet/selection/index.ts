export { selectDevices, type DeviceSelector, type SelectOptions } from './select-devices.ts';
export { conditionOfGlobs, quoteLiteral } from './glob-condition.ts';
export { failureOfRead, linesOfFile } from './lines.ts';
export { parseWhere } from './where.ts';
