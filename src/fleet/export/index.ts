export type { FleetRow } from './fleet-row.ts';
export { exportFleet, type ExportOptions } from './export-fleet.ts';
export { csvText, formatOfName, ndjsonText, writeFleetFile, type FleetFormat } from './write-fleet.ts';
