import type { HubErrorSymbol } from '../../../protocol/hub-errors.ts';
import type { FaultOperation, RequestedFault } from '../../../protocol/requested-fault.ts';
import { isCbsAddress } from '../address.ts';
import type { AmqpContext } from '../context.ts';
import type { AmqpError, IncomingLink, OutgoingLink, SharedKey } from '../route.ts';
import { parseDeviceAddress } from './address.ts';
import type { AmqpDeviceSession } from './device-session.ts';

/** What is refused, until when on the clock. */
export interface Refusal {
  readonly symbol: HubErrorSymbol;
  readonly until: number;
}

const refusals: Readonly<Partial<Record<FaultOperation, HubErrorSymbol>>> = {
  InvokeThrottling: 'ThrottlingException',
  InvokeMaxMessageQuota: 'IotHubQuotaExceeded',
  InvokeAuthError: 'IotHubUnauthorizedAccess',
};

/** Which of a connection's links an operation ends. `Req` is the one the device sends on. */
const victims: Readonly<Partial<Record<FaultOperation, (link: IncomingLink | OutgoingLink) => boolean>>> = {
  KillAmqpCBSLinkReq: ({ kind, address }) => kind === 'incoming' && isCbsAddress(address),
  KillAmqpCBSLinkResp: ({ kind, address }) => kind === 'outgoing' && isCbsAddress(address),
  KillAmqpD2CLink: ({ kind, address }) => kind === 'incoming' && isFor(address, 'telemetry'),
  KillAmqpC2DLink: ({ kind, address }) => kind === 'outgoing' && isFor(address, 'messages'),
  KillAmqpTwinLinkReq: ({ kind, address }) => kind === 'incoming' && isFor(address, 'twin'),
  KillAmqpTwinLinkResp: ({ kind, address }) => kind === 'outgoing' && isFor(address, 'twin'),
  KillAmqpMethodReqLink: ({ kind, address }) => kind === 'outgoing' && isFor(address, 'methods'),
  KillAmqpMethodRespLink: ({ kind, address }) => kind === 'incoming' && isFor(address, 'methods'),
};

const asked: AmqpError = { condition: 'amqp:link:detach-forced', description: 'The device asked for this fault.' };

/** Cancels of faults that a connection waits for; further ones are not performed. */
const waiting: SharedKey<Set<() => void>> = {
  create: () => new Set(),
  closed(cancels) {
    for (const cancel of cancels) cancel();
  },
};
const mostWaiting = 16;

/** Does what the device asked for, on the connection it asked on. */
export function performFault(
  { clock }: AmqpContext,
  session: AmqpDeviceSession,
  { connection, channel }: IncomingLink,
  { operation, delayMs, durationMs }: RequestedFault,
): void {
  const symbol = refusals[operation];
  if (symbol !== undefined) {
    session.refusal = { symbol, until: clock.monotonic() + durationMs };
    return;
  }
  const victim = victims[operation];
  const strike = (): void => {
    if (victim !== undefined) connection.detachWhere(victim, asked);
    else if (operation === 'KillTcp') connection.cut('the device asked for it');
    else if (operation === 'KillAmqpSession') connection.endSession(channel, asked);
    else connection.close(asked);
  };
  const cancels = connection.shared(waiting);
  if (cancels.size >= mostWaiting) return;
  const due = (): void => {
    cancels.delete(cancel);
    strike();
  };
  const cancel = clock.after(delayMs, due, { unref: true });
  cancels.add(cancel);
}

function isFor(address: string, kind: string): boolean {
  return parseDeviceAddress(address)?.kind === kind;
}
