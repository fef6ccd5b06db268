export {
  findFirmwareByDigest,
  listFirmware,
  readFirmware,
  readTrustChain,
  type StoredFirmware,
} from './firmware-records.ts';
