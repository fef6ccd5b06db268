export { openTelemetryLog, type TelemetryLogOptions } from './telemetry-log.ts';
