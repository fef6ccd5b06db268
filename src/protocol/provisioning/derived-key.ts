import { createHmac } from 'node:crypto';

/**
 * The key of one device of a symmetric-key group: HMAC-SHA256 over the registration id as the device sends it (device.md §5.1).
 * @param groupKey base64
 * @returns base64
 */
export function deriveDeviceKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}
