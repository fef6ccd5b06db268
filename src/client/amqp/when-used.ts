import type { Connection } from '../../config/profile.ts';
import type { ServiceChannel } from './channel.ts';
import type { HubLinkDependencies } from './hub-link.ts';

/** The channel of a hub, its code loaded by the first message: most commands have none. */
export function openChannelWhenUsed(connection: Connection, dependencies: HubLinkDependencies): ServiceChannel {
  let opened: Promise<ServiceChannel> | undefined;
  const open = (): Promise<ServiceChannel> => {
    opened ??= import('./create-channel.ts').then(({ createServiceChannel }) =>
      createServiceChannel(connection, dependencies),
    );
    return opened;
  };
  return {
    send: async (...request) => (await open()).send(...request),
    async *feedback(request) {
      yield* (await open()).feedback(request);
    },
    async *uploads(request) {
      yield* (await open()).uploads(request);
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}
