/** Enrollments over REST. Source: service.md §10.1. */
import type { Attestation } from '../protocol/provisioning/index.ts';
import { ifMatch } from './devices.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

/** What a service writes of an enrollment; what the service manages itself may be left out. */
export type EnrollmentBody = Readonly<Record<string, unknown>>;

/** Enrollments of one kind. Failures: not-found, conflict, changed-meanwhile, refused, not-authorised, hub-unreachable. */
export interface EnrollmentApi<Enrollment> {
  get(id: string, signal?: AbortSignal): Promise<Enrollment>;
  /** The attestation with its keys. */
  attestation(id: string, signal?: AbortSignal): Promise<Attestation>;
  /** Creates, or replaces what has this etag. */
  put(
    id: string,
    body: EnrollmentBody,
    options?: { etag?: string | undefined; signal?: AbortSignal },
  ): Promise<Enrollment>;
  delete(id: string, options?: { etag?: string | undefined; signal?: AbortSignal }): Promise<void>;
  list(signal?: AbortSignal): AsyncIterable<readonly Enrollment[]>;
}

/** Source: service.md §0.1. */
export const provisioningApiVersion = '2021-10-01';
const apiVersion = provisioningApiVersion;

export function createEnrollmentApi<Enrollment extends object>(
  client: ServiceClient,
  base: string,
  noun: string,
): EnrollmentApi<Enrollment> {
  // Which kind it is follows from the address.
  const fits = isEnrollment as (value: object) => value is Enrollment;
  return {
    async get(id, signal) {
      const action = `read ${noun} ${id}`;
      const answer = await client.request({ method: 'GET', path: pathOf(base, id), apiVersion, action, signal });
      return parseAnswer(answer, fits, noun);
    },
    async attestation(id, signal) {
      const path = `${pathOf(base, id)}/attestationmechanism`;
      const action = `read the keys of ${noun} ${id}`;
      const answer = await client.request({
        method: 'POST',
        path,
        apiVersion,
        action,
        repeatability: 'idempotent',
        signal,
      });
      return parseAnswer(answer, isAttestation, 'attestation');
    },
    async put(id, body, { etag, signal } = {}) {
      const answer = await client.request({
        method: 'PUT',
        path: pathOf(base, id),
        apiVersion,
        ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
        body,
        action: `write ${noun} ${id}`,
        signal,
      });
      return parseAnswer(answer, fits, noun);
    },
    async delete(id, { etag, signal } = {}) {
      await client.request({
        method: 'DELETE',
        path: pathOf(base, id),
        apiVersion,
        ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
        action: `delete ${noun} ${id}`,
        signal,
      });
    },
    list: (signal) => readPages<Enrollment>(client, base, `list the ${noun}s`, signal),
  };
}

/** An empty page with a continuation is legal. */
export async function* readPages<Item>(
  client: ServiceClient,
  base: string,
  action: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Item[], void, undefined> {
  let continuation: string | undefined;
  do {
    const answer = await client.request({
      method: 'POST',
      path: `${base}/query`,
      apiVersion,
      ...(continuation !== undefined && { headers: { 'x-ms-continuation': continuation } }),
      body: { query: 'SELECT *' },
      action,
      repeatability: 'idempotent',
      signal,
    });
    const items = parseAnswer(answer, isList<Item>, 'list');
    if (items.length > 0) yield items;
    const next = answer.headers['x-ms-continuation'];
    continuation = typeof next === 'string' && next !== '' ? next : undefined;
  } while (continuation !== undefined);
}

function isEnrollment(value: object): boolean {
  return 'attestation' in value;
}

export function pathOf(base: string, id: string): string {
  return `${base}/${encodeURIComponent(id)}`;
}

function isList<Item>(value: object): value is Item[] {
  return Array.isArray(value);
}

function isAttestation(value: object): value is Attestation {
  return 'type' in value && typeof value.type === 'string';
}
