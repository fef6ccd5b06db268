/** Links of back ends. Source: service.md §8. */
import { addressOf } from '../../core/audit/address.ts';
import type { Permission } from '../../core/services.ts';
import type { AmqpContext } from '../context.ts';
import type { LinkRoute } from '../route.ts';
import { sendServiceQueue } from './queue-link.ts';
import { receiveForDevices } from './send-link.ts';

const serviceConnect: readonly Permission[] = ['ServiceConnect'];
const deviceBound = 'messages/devicebound';
const feedback = 'messages/servicebound/feedback';
/** The documentation and the SDKs have different names for it. */
const fileNotifications: ReadonlySet<string> = new Set([
  'messages/servicebound/filenotifications',
  'messages/servicebound/fileuploadnotifications',
]);

export function createServiceRoute(context: AmqpContext): LinkRoute {
  return {
    receive({ address, connection }) {
      if (pathOf(address) !== deviceBound) return undefined;
      return connection.claims.service(`/${deviceBound}`, serviceConnect).then((claim) => {
        const caller = { source: `policy ${claim.policy ?? ''}`, address: addressOf(connection.remote) };
        return { ...receiveForDevices(context, caller), claim };
      });
    },
    send(link) {
      const path = pathOf(link.address);
      const { core } = context;
      const queue =
        path === feedback ? core.feedback : fileNotifications.has(path) ? core.fileNotifications : undefined;
      if (queue === undefined) return undefined;
      return link.connection.claims
        .service(`/${path}`, serviceConnect)
        .then((claim) => ({ ...sendServiceQueue(context, queue, link), claim }));
    },
  };
}

function pathOf(address: string): string {
  return address.replace(/^\//, '').replace(/\/$/, '').toLowerCase();
}
