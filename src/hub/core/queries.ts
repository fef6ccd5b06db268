import { parseQuery } from '../../protocol/query/index.ts';
import type { RegistryStore } from './ports.ts';
import type { QueryService } from './services.ts';
import type { Sessions } from './sessions/sessions.ts';
import { viewTwin } from './twins/twin-view.ts';

/** The query language over the registry. Answers are consistent with every write that was acknowledged. Source: service.md §5. */
export function createQueries(store: RegistryStore, sessions: Sessions): QueryService {
  return {
    async run(text, page) {
      const query = parseQuery(text);
      // This hub keeps neither module identities nor jobs, so there is nothing to find among them.
      if (query.source !== 'devices')
        return { type: query.select === 'all' ? 'Twin' : 'Raw', rows: [], next: undefined };
      await sessions.flushStates();
      const found = await store.query(query, page);
      if (found.type === 'Raw') return { type: 'Raw', rows: [...found.rows], next: found.next };
      return {
        type: 'Twin',
        rows: found.rows.map((record) => ({ ...viewTwin(record) })),
        next: found.next,
      };
    },
  };
}
