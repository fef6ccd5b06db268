export { addFirmware, type AddedFirmware } from './add-firmware.ts';
export {
  findFirmwareByDigest,
  listFirmware,
  readFirmware,
  readTrustChain,
  type StoredFirmware,
} from './firmware-records.ts';
export { makeKeys, type MadeKeys } from './make-keys.ts';
export { measureFile } from './measured-file.ts';
export { createFiles } from './new-files.ts';
export { isEncryptedKey, keysOf, openPrivateKey, openPublicKey } from './open-key.ts';
export { byRelease } from './order.ts';
export { readManifestJson, readSignedManifest, readTrustText } from './read-documents.ts';
export { nextTrust, preparePublication } from './rotate-keys.ts';
export { showFirmware, type ShownFirmware } from './show-firmware.ts';
export { attachSignature, dayCounter, describeFirmware, readPayload, refuseOtherFile } from './sign-firmware.ts';
export { failureOf, verifyFirmware, type FirmwareCheck } from './verify-firmware.ts';
