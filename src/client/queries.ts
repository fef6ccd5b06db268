import { Failure, isFailure } from '../errors/index.ts';
import type { JsonObject } from '../std/json.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { QueryRunner } from './service-api.ts';

interface Page {
  readonly rows: JsonObject[];
  readonly continuation: string | undefined;
}

interface PageOptions {
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/** Queries over REST, page by page; an empty page with a continuation is legal. Source: service.md §5.1. */
export function createQueryRunner(client: ServiceClient): QueryRunner {
  return {
    async *query(text, options = {}) {
      let continuation: string | undefined;
      do {
        const page = await fetchPage(client, text, continuation, options);
        if (page.rows.length > 0) yield page.rows;
        continuation = page.continuation;
      } while (continuation !== undefined);
    },
  };
}

async function fetchPage(
  client: ServiceClient,
  text: string,
  continuation: string | undefined,
  options: PageOptions,
): Promise<Page> {
  try {
    const answer = await client.request({
      method: 'POST',
      path: '/devices/query',
      headers: {
        ...(options.pageSize !== undefined && { 'x-ms-max-item-count': String(options.pageSize) }),
        ...(continuation !== undefined && { 'x-ms-continuation': continuation }),
      },
      body: { query: text },
      action: 'run the query',
      signal: options.signal,
    });
    const next = answer.headers['x-ms-continuation'];
    const rows = parseAnswer(answer, isRowList, 'list of rows');
    return { rows, continuation: typeof next === 'string' && next !== '' ? next : undefined };
  } catch (error) {
    throw isFailure(error) && error.details['status'] === 400 ? invalidQuery(error, text) : error;
  }
}

function invalidQuery(refusal: Failure, query: string): Failure {
  return new Failure('invalid-query', refusal.message.replace(/^cannot run the query: /, 'the query is not valid: '), {
    cause: refusal,
    details: { ...refusal.details, query },
  });
}

function isRowList(value: object): value is JsonObject[] {
  return Array.isArray(value);
}
