/** Reading what clients send, in all the forms they send it. Source: service.md §0.3. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../protocol/hub-errors.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { JsonValue } from '../../std/json.ts';
import { parseUntrustedJson } from '../core/untrusted.ts';

/** A route's `:id`, decoded once. Failure: ArgumentInvalid for one with a slash, which would name a module. */
export function idOf(request: FastifyRequest): string {
  return withoutSlash((request.params as { id: string }).id);
}

/** The device or, on a route with `:module`, the module of the address. Failure: ArgumentInvalid. */
export function identityOf(request: FastifyRequest): IdentityPath {
  const { module = '' } = request.params as { module?: string };
  return identityPath(idOf(request), withoutSlash(module));
}

function withoutSlash(id: string): string {
  if (id.includes('/')) throw new HubError('ArgumentInvalid', 'An id must not hold a slash.');
  return id;
}

/** `If-Match` without one pair of quotes; undefined when absent or empty. */
export function ifMatchOf(request: FastifyRequest): string | undefined {
  const header = request.headers['if-match']?.trim();
  if (header === undefined || header === '') return undefined;
  return header.length >= 2 && header.startsWith('"') && header.endsWith('"') ? header.slice(1, -1) : header;
}

/** A header's first value; undefined when absent. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The body as bytes; empty when there is none. */
export function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The body as JSON, whatever its content type claims. Failures: ArgumentNull, DeserializationError, ArgumentInvalid. */
export function jsonOf(request: FastifyRequest): JsonValue {
  const bytes = bytesOf(request);
  if (bytes.length === 0) throw new HubError('ArgumentNull', 'The request needs a JSON body.');
  return parseUntrustedJson(textOf(bytes));
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HubError('DeserializationError', 'The body is not UTF-8 text.');
  }
}

/** A whole number within limits from a header or parameter; `fallback` when absent. Failure: ArgumentInvalid. */
export function integerWithin(
  text: string | undefined,
  limits: { name: string; minimum: number; maximum: number; fallback: number },
): number {
  if (text === undefined || text === '') return limits.fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= limits.minimum && value <= limits.maximum)) {
    throw new HubError(
      'ArgumentInvalid',
      `${limits.name} must be a whole number from ${limits.minimum} to ${limits.maximum}.`,
    );
  }
  return value;
}

/** Any dated version since 2016, preview forms too; a request without one is refused (service.md §0.1). */
export function checkApiVersion(parameters: URLSearchParams): void {
  const version = parameters.get('api-version') ?? '';
  const match = /^(\d{4})-\d{2}-\d{2}(?:-preview)?$/.exec(version);
  if (match === null || Number(match[1]) < 2016) {
    throw new HubError(
      'InvalidProtocolVersion',
      'The request needs a valid api-version parameter, such as 2021-04-12.',
    );
  }
}

/** The parameters of the request's address. */
export function parametersOf(request: FastifyRequest): URLSearchParams {
  const start = request.url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : request.url.slice(start + 1));
}

/** Aborts when the caller goes away, or when `also` does. */
export function callerSignal(reply: FastifyReply, also: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new HubError('ServiceUnavailable', 'The caller went away.')));
  return AbortSignal.any([gone.signal, also]);
}
