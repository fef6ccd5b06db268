export { chunksOfFile, countLines } from './csv-file.ts';
export { csvTemplate } from './csv-header.ts';
export { namedRows, numberedRows } from './numbered-rows.ts';
export { provisionDevices, type ProvisionOptions } from './provision-devices.ts';
export { recordResults } from './results-file.ts';
export {
  emptySummary,
  keyProblem,
  type DeviceRow,
  type InputRow,
  type ProvisionOutcome,
  type ProvisionResult,
  type ProvisionSummary,
} from './row.ts';
export { rowsFromCsv } from './rows-from-csv.ts';
