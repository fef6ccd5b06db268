import type { HubAuditVerification } from '../../fleet/audit/index.ts';
import type { AuditEntry } from '../../protocol/audit.ts';
import type { DocumentView, ListView } from '../output/output.ts';

/** In a table; whoever wants all of them takes another format. */
const mostTargets = 3;

export const hubAuditView: ListView<AuditEntry> = {
  columns: [
    { header: 'SEQ', value: ({ seq }) => seq, align: 'right', tone: () => 'dim' },
    { header: 'TIME', value: ({ at }) => at, tone: () => 'dim' },
    { header: 'SOURCE', value: ({ source }) => source },
    { header: 'ADDRESS', value: ({ address }) => address ?? undefined },
    { header: 'EVENT', value: ({ event }) => event, tone: () => 'accent' },
    { header: 'RESULT', value: ({ result }) => result, tone: ({ result }) => (result === 'refused' ? 'bad' : 'dim') },
    { header: 'TARGETS', value: targetsText },
    { header: 'CATEGORY', value: ({ category }) => category, wide: true },
    { header: 'TYPE', value: ({ type }) => type, wide: true },
    { header: 'DETAILS', value: ({ details }) => detailsText(details), wide: true },
    { header: 'HASH', value: ({ hash }) => hash.slice(0, 12), wide: true },
  ],
  json: (entry) => entry,
  name: ({ hash }) => hash,
  empty: 'the audit has no such entries',
};

function targetsText({ targets, details }: AuditEntry): string | undefined {
  const more = typeof details['more'] === 'number' ? details['more'] : 0;
  const shown = targets.slice(0, mostTargets).join(' ');
  const left = targets.length - mostTargets;
  const text = left > 0 ? `${shown} and ${left} more` : shown;
  return more > 0 ? `${text} (${more} times)` : text;
}

function detailsText(details: AuditEntry['details']): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

export const hubVerificationView: DocumentView<HubAuditVerification> = {
  fields: ({ entries, first, last, problems }) => [
    ['Entries', entries],
    ['First', first],
    ['Last', `${last.seq}:${last.hash}`],
    [
      'Audit',
      problems.length === 0 ? 'whole and unchanged' : 'not to be trusted',
      problems.length === 0 ? 'good' : 'bad',
    ],
    ['Problems', problems.length === 0 ? undefined : problems.map(({ seq, message }) => `${seq}: ${message}`), 'bad'],
  ],
  json: ({ entries, first, last, problems }) => ({ entries, first, last, valid: problems.length === 0, problems }),
  name: ({ last }) => `${last.seq}:${last.hash}`,
};
