import type { SessionEnd } from '../services.ts';
import type { SessionNotes } from '../sessions/sessions.ts';
import { pathOfSession } from '../sessions/sessions.ts';
import { addressOf } from './address.ts';
import type { AuditService } from './service.ts';

/** Ends that were brought about by taking a right away. */
const revocations: ReadonlySet<SessionEnd> = new Set(['disabled', 'deleted', 'key-changed', 'token-expired']);

/** Takeovers, with both addresses, and revocations go into the audit. */
export function auditedSessions(audit: Pick<AuditService, 'tell'>): SessionNotes {
  return {
    displaced(older, newer) {
      const identity = pathOfSession(newer);
      const [from, to] = [older, newer].map(({ remote }) => addressOf(remote) ?? '');
      audit.tell({
        event: 'session.takeover',
        source: `device ${identity}`,
        address: to,
        result: 'noticed',
        targets: [identity],
        details: { from: from ?? '', to: to ?? '', protocol: newer.protocol },
      });
    },
    ended(session, reason) {
      if (!revocations.has(reason)) return;
      const identity = pathOfSession(session);
      const { remote, protocol } = session;
      audit.tell({
        event: 'session.revoked',
        source: 'hub',
        result: 'noticed',
        targets: [identity],
        details: { reason, protocol, address: addressOf(remote) ?? '' },
      });
    },
  };
}
