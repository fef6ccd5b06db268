/** What the set-up of the run tells its test processes. */
export const environment = {
  /** Directory with `ca.pem` and `ca.key`. */
  authority: 'IOTCTL_SDK_AUTHORITY',
  /** Why the tests cannot run here; absent when they can. */
  skip: 'IOTCTL_SDK_SKIP',
} as const;
