import type { MessageService } from '../messages/service.ts';
import type { ThrottleService } from './service.ts';

/** Messages to devices, counted against the tier's limit and the day's quota whatever front they come by. */
export function throttledMessages(messages: MessageService, throttle: ThrottleService): MessageService {
  if (!throttle.imitating) return messages;
  return {
    ...messages,
    async send(identity, message) {
      throttle.meter(message.body.length);
      await throttle.admit('cloud-to-device');
      return messages.send(identity, message);
    },
  };
}
