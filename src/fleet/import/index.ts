export { importFleet, type ImportMode, type ImportOptions, type ImportResult } from './import-fleet.ts';
export { recordFailures } from './results.ts';
export { rowsFromFleetCsv } from './rows-from-fleet-csv.ts';
export { rowsFromNdjson } from './rows-from-ndjson.ts';
