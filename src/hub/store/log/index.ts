export { openTelemetryLog, type Retention, type TelemetryLogOptions } from './telemetry-log.ts';
