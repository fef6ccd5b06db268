/** Why the controller itself ends an attempt; devices have their own codes (protocol/firmware/codes.ts). */
export const foundCodes = {
  'digest-differs': 'The device says that it has confirmed the firmware, but runs something else.',
  'not-rebooted': 'The device says that it has confirmed the firmware, but has not restarted since the offer.',
  unstable: 'The device restarted again and again after it had confirmed the firmware.',
  'install-timeout': 'Silent since the installation began.',
  'reboot-timeout': 'Silent since the restart.',
  'trial-timeout': 'Silent since the first start of the new firmware.',
  'bake-silent': 'Confirmed the firmware, and then went away.',
  'no-answer': 'Connected, but did not answer the offer.',
  silent: 'Not connected, and did not answer the offer.',
  'window-over': 'Did not begin before its maintenance window was over.',
  'offer-removed': 'Somebody has removed the offer from the twin.',
  ended: 'The rollout ended before the device answered.',
  aborted: 'The offer was taken back.',
} as const;

export type FoundCode = keyof typeof foundCodes;
