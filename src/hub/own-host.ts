/** Web pages of others must not reach a hub through the browser of somebody on its machine. */
import type { IncomingHttpHeaders } from 'node:http';
import type { HttpFront } from './http/index.ts';
import type { HubLog } from './log.ts';
import { refuseUpgrade, type Upgrade } from './websocket/index.ts';

export interface OwnHostParts {
  /** Names the hub answers to, lower case, without ports. */
  readonly hostNames: readonly string[];
  readonly log: HubLog;
}

/**
 * Why a request is not one for this hub; undefined when it is. A page that has its own name lead to this machine (DNS rebinding)
 * still says that name in Host, and every page says in Origin where it is from. Programs say the first and not the second.
 */
export function strangeHost(headers: IncomingHttpHeaders, hostNames: readonly string[]): string | undefined {
  const { host, origin } = headers;
  if (host !== undefined && !hostNames.includes(nameOf(host))) return 'it is for another host';
  if (origin !== undefined && !hostNames.includes(nameOf(origin.replace(/^https?:\/\//i, ''))))
    return 'it is from a page of another host';
  return undefined;
}

function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[([\da-f:.]+)\]$/, '$1');
}

/**
 * The front and the upgrade of a port without TLS, for requests to the hub itself alone: others are answered 421 (RFC 9110 §15.5.20).
 * With TLS the certificate does the same, because browsers compare it with the name that they asked for.
 */
export function forOwnHost(
  front: HttpFront,
  upgrade: Upgrade,
  { hostNames, log }: OwnHostParts,
): { readonly front: HttpFront; readonly upgrade: Upgrade } {
  const isStrange = (headers: IncomingHttpHeaders, remote: string | undefined): boolean => {
    const reason = strangeHost(headers, hostNames);
    if (reason === undefined) return false;
    log.info({ remote, host: headers.host, origin: headers.origin, reason }, 'a request was refused');
    return true;
  };
  return {
    front: {
      ...front,
      handle(request, response) {
        if (!isStrange(request.headers, request.socket.remoteAddress)) {
          front.handle(request, response);
          return;
        }
        response.writeHead(421, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' });
        response.end('This hub does not answer to that host; --hostname of iotctl hub start gives it another name.\n');
      },
    },
    upgrade(request, socket, head) {
      if (isStrange(request.headers, request.socket.remoteAddress)) refuseUpgrade(socket, '421 Misdirected Request');
      else upgrade(request, socket, head);
    },
  };
}
