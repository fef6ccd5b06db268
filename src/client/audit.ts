import { auditPageSize, auditPath, type AuditPage } from '../protocol/audit.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

/** What iotctl's own hub notes of who did what to it. Failure `unsupported` elsewhere. */
export interface AuditReader {
  /** One page of entries with numbers above `after`, in order; an empty one is the end. */
  read(after: number, signal?: AbortSignal): Promise<AuditPage>;
}

const extension: Extension = {
  name: 'an audit',
  instead: 'read the activity log and the resource logs of the hub in the Azure portal',
};

export function createAuditReader(client: ServiceClient): AuditReader {
  return {
    async read(after, signal) {
      const query = { after: String(after), limit: String(auditPageSize) };
      const answer = await client.request({
        method: 'GET',
        path: auditPath,
        query,
        action: 'read the audit',
        signal,
        extension,
      });
      return parseAnswer(answer, isPage, 'page of the audit');
    },
  };
}

/** Entries are looked at one by one by whoever verifies them; here they only must be there. */
function isPage(value: object): value is AuditPage {
  return 'entries' in value && Array.isArray(value.entries) && 'ends' in value && typeof value.ends === 'object';
}
