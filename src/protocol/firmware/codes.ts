/** Why a device does not install, or did not keep, a firmware. Codes are stable: scripts and rollouts match on them. */
export const rejectionCodes = {
  'manifest-invalid': 'The manifest is not one, or lacks a part.',
  'signature-missing': 'The offer has no signature.',
  'signature-invalid': 'The signature does not fit the manifest.',
  'key-unknown': 'The manifest is signed by a key that the device does not trust.',
  'trust-invalid': 'A new set of trusted keys is not signed by a key of the present one.',
  'hardware-mismatch': 'The firmware is for other hardware.',
  downgrade: 'The release counter is lower than that of a release the device has run.',
  'below-min-version': 'The running version is older than the firmware upgrades from.',
  'too-large': 'The firmware does not fit into a slot.',
} as const;

/** Failures that may be over with another attempt. */
export const failureCodes = {
  'download-failed': 'The firmware could not be fetched.',
  stalled: 'The download made no progress for too long.',
  'size-mismatch': 'What was fetched is not as long as the manifest says.',
  'digest-mismatch': 'What was fetched does not have the SHA-256 of the manifest.',
  'storage-failed': 'The device could not write the firmware.',
  'install-failed': 'The hook that activates the firmware failed.',
  'too-many-deferrals': 'The device put the update off too often.',
} as const;

/** Why a device went back to what it ran before. */
export const revertCodes = {
  'self-test-failed': 'The self-test of the new firmware failed.',
  'confirm-timeout': 'The new firmware was not confirmed in time.',
  'boot-loop': 'The new firmware restarted too often before it was confirmed.',
  'old-digest': 'After the restart the device runs its former firmware.',
} as const;

export type RejectionCode = keyof typeof rejectionCodes;
export type FailureReportCode = keyof typeof failureCodes;
export type RevertCode = keyof typeof revertCodes;
