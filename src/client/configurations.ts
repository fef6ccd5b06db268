import { Failure, isFailure } from '../errors/index.ts';
import type { Configuration, ConfigurationDraft, QueryTest } from '../protocol/configuration.ts';
import { ifMatch } from './devices.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

/** Configurations. Failures: not-found, conflict (the id is taken), changed-meanwhile, refused. Source: service.md §7. */
export interface ConfigurationStore {
  list(signal?: AbortSignal): Promise<Configuration[]>;
  get(id: string, signal?: AbortSignal): Promise<Configuration>;
  /** Creates (no etag) or updates; content cannot change. */
  put(configuration: ConfigurationDraft, options?: { etag?: string; signal?: AbortSignal }): Promise<Configuration>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
  test(
    queries: { readonly targetCondition: string; readonly customMetricQueries: Readonly<Record<string, string>> },
    signal?: AbortSignal,
  ): Promise<QueryTest>;
}

export function createConfigurationStore(client: ServiceClient): ConfigurationStore {
  async function get(id: string, signal?: AbortSignal): Promise<Configuration> {
    try {
      const request = { method: 'GET', path: pathOf(id), action: `read configuration ${id}`, signal } as const;
      return parseAnswer(await client.request(request), isConfiguration, 'configuration');
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error;
      throw new Failure('not-found', `there is no configuration ${id} on ${client.hostName}`, {
        hint: 'iotctl configuration list',
        cause: error,
      });
    }
  }

  return {
    async list(signal) {
      const answer = await client.request({
        method: 'GET',
        path: '/configurations',
        action: 'list the configurations',
        signal,
      });
      return parseAnswer(answer, isConfigurationList, 'list of configurations');
    },
    get,
    async put(configuration, { etag, signal } = {}) {
      try {
        const answer = await client.request({
          method: 'PUT',
          path: pathOf(configuration.id),
          ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
          body: configuration,
          action: `write configuration ${configuration.id}`,
          signal,
        });
        return parseAnswer(answer, isConfiguration, 'configuration');
      } catch (error) {
        // The first try may have made it before its reply was lost.
        if (etag === undefined && isFailure(error, 'conflict') && error.details['afterLostReply'] === true)
          return get(configuration.id, signal);
        throw error;
      }
    },
    async delete(id, signal) {
      try {
        await client.request({ method: 'DELETE', path: pathOf(id), action: `delete configuration ${id}`, signal });
      } catch (error) {
        if (isFailure(error, 'not-found') && error.details['afterLostReply'] === true) return;
        throw error;
      }
    },
    async test(queries, signal) {
      const path = '/configurations/testQueries';
      const answer = await client.request({ method: 'POST', path, body: queries, action: 'test the queries', signal });
      return parseAnswer(answer, isQueryTest, 'test of queries');
    },
  };
}

function pathOf(id: string): string {
  return `/configurations/${encodeURIComponent(id)}`;
}

function isConfiguration(value: object): value is Configuration {
  return 'id' in value && 'content' in value && 'etag' in value;
}

function isConfigurationList(value: object): value is Configuration[] {
  return Array.isArray(value);
}

function isQueryTest(value: object): value is QueryTest {
  return 'targetConditionError' in value;
}
