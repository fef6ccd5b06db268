export {
  encodeBytes,
  fieldsOf,
  messageAsJson,
  messageAsRow,
  readBody,
  selectFields,
  type BinaryEncoding,
  type Field,
} from './body.ts';
export { messageCondition } from './message-condition.ts';
export { telemetryStatistics, type TelemetryStatistics } from './statistics.ts';
export { tailTelemetry, type TailEvent, type TailRequest } from './tail-telemetry.ts';
