import type { TwinService } from '../services.ts';
import type { ThrottleService } from './service.ts';

/** Twins, where what devices ask is counted against the tier's limits; what back ends ask is counted by its front. */
export function throttledTwins(twins: TwinService, throttle: ThrottleService): TwinService {
  if (!throttle.imitating) return twins;
  return {
    ...twins,
    async readAsDevice(identity) {
      await throttle.admit('twin-read');
      return twins.readAsDevice(identity);
    },
    async patchReported(...change) {
      await throttle.admit('twin-update');
      return twins.patchReported(...change);
    },
  };
}
