import type { JsonObject } from '../../std/json.ts';
import { parseQuery } from '../../protocol/query/index.ts';
import type { JobService } from './jobs/service.ts';
import type { MessageCounts } from './messages/service.ts';
import type { RegistryStore } from './ports.ts';
import type { QueryService } from './services.ts';
import type { Sessions } from './sessions/sessions.ts';
import { viewTwin } from './twins/twin-view.ts';

/** The query language over the registry. Answers are consistent with every write that was acknowledged. Source: service.md §5. */
export function createQueries(
  store: RegistryStore,
  sessions: Sessions,
  messages: MessageCounts,
  jobs: Pick<JobService, 'queryDevices'>,
): QueryService {
  return {
    async run(text, page) {
      const query = parseQuery(text);
      if (query.source === 'devices.jobs') {
        const { rows, next } = await jobs.queryDevices(query, page);
        return { type: 'DeviceJob', rows: rows.map((row) => ({ ...row }) as unknown as JsonObject), next };
      }
      await sessions.flushStates();
      const found = await store.query(query, page);
      if (found.type === 'Raw') return { type: 'Raw', rows: [...found.rows], next: found.next };
      return {
        type: 'Twin',
        rows: found.rows.map((record) => ({ ...viewTwin(record, messages) })),
        next: found.next,
      };
    },
  };
}
