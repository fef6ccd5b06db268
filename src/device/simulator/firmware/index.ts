export { namedContent, storedContent, type FirmwareContent } from './content.ts';
export { pacedDownload, type Pace } from './paced-download.ts';
export {
  createSimulatedFirmware,
  firstDigest,
  type FetchForDevice,
  type FirmwareCondition,
  type FirmwareLink,
  type FirmwareStart,
  type SimulatedFirmware,
  type SimulatedFirmwareOptions,
} from './simulated-firmware.ts';
