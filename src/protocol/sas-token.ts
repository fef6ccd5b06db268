/** Shared access signatures, of devices and of policies. Source: device.md §1.2, service.md §1.1. */
import { hash, timingSafeEqual } from 'node:crypto';

export interface SasToken {
  /** `sr` exactly as written, percent-encoding included: the signature covers this text. */
  readonly resource: string;
  /** `se` exactly as written. */
  readonly expiry: string;
  /** `se` as Unix seconds. The token is over after this; the hub allows five minutes of clock skew. */
  readonly expiresAt: number;
  /** The signature in base64. */
  readonly signature: string;
  /** Name of the policy whose key signed; undefined when the identity's own key did. */
  readonly keyName: string | undefined;
}

/** How long after its expiry the hub still takes a token, in milliseconds. Source: device.md §1.2. */
export const tokenSkewMs = 5 * 60_000;

const scheme = 'SharedAccessSignature ';

/** Of SHA-256. */
const blockBytes = 64;
const digestBytes = 32;

/**
 * Signs a token.
 * @param token.resource the resource in plain form, such as `hub.example.com/devices/pump-1`
 * @param token.key base64
 * @param token.keyName the policy, when the key is a policy's
 * @param token.expiresAt Unix seconds
 */
export function createSasToken(token: {
  readonly resource: string;
  readonly key: string;
  readonly keyName?: string | undefined;
  readonly expiresAt: number;
}): string {
  const resource = encode(token.resource);
  const expiry = String(Math.floor(token.expiresAt));
  const signature = encode(sign(token.key, resource, expiry));
  const policy = token.keyName === undefined ? '' : `&skn=${encode(token.keyName)}`;
  return `${scheme}sr=${resource}&sig=${signature}&se=${expiry}${policy}`;
}

/** Takes a token apart, in any order of its fields; undefined when it is malformed. Nothing is verified yet. */
export function parseSasToken(text: string): SasToken | undefined {
  if (!text.startsWith(scheme)) return undefined;
  const fields = new Map<string, string>();
  for (const field of text.slice(scheme.length).split('&')) {
    const equals = field.indexOf('=');
    if (equals < 0) return undefined;
    const name = field.slice(0, equals).toLowerCase();
    if (fields.has(name)) return undefined;
    fields.set(name, field.slice(equals + 1));
  }
  const resource = fields.get('sr');
  const expiry = fields.get('se');
  const signature = decode(fields.get('sig') ?? '');
  const keyName = decode(fields.get('skn') ?? '');
  if (!resource || !signature || expiry === undefined || keyName === undefined) return undefined;
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(expiry)) return undefined;
  return { resource, expiry, expiresAt: Number(expiry), signature, keyName: keyName === '' ? undefined : keyName };
}

/**
 * True when one of the keys (primary, then secondary) made the signature. Compares in constant time; keys that are absent or
 * empty never verify. Expiry and resource are the caller's to check.
 */
export function verifySasToken(token: SasToken, keys: readonly (string | null)[]): boolean {
  const given = Buffer.from(token.signature);
  let verified = false;
  for (const key of keys) {
    if (key === null || Buffer.from(key, 'base64').length === 0) continue;
    const expected = Buffer.from(sign(key, token.resource, token.expiry));
    if (expected.length === given.length && timingSafeEqual(expected, given)) verified = true;
  }
  return verified;
}

/**
 * True when the token's resource is the requested one or a whole-segment prefix of it: `/a/b` covers `/a/b/c`, never `/a/bc`.
 * A token without a policy name gets its segments decoded once more, because some SDKs encode ids twice.
 */
export function tokenCovers(token: SasToken, requested: string): boolean {
  if (coversResource(token.resource, requested)) return true;
  return token.keyName === undefined && covers(decodedSegments(token.resource, true), requested);
}

/**
 * {@link tokenCovers} for a bare `sr`, decoded once.
 * @param tokenResource as it stands in the token, percent-encoded or not
 * @param requested plain, such as `hub.example.com/devices/pump-1`; a port of either host is not compared
 */
export function coversResource(tokenResource: string, requested: string): boolean {
  return covers(decodedSegments(tokenResource, false), requested);
}

function decodedSegments(resource: string, twice: boolean): readonly string[] | undefined {
  const segments = decode(resource)?.split('/');
  if (segments === undefined) return undefined;
  if (segments.at(-1) === '') segments.pop();
  // Older tools sign `{resource}/api-version=2016-11-14`.
  if (/^\??api-version=/i.test(segments.at(-1) ?? '')) segments.pop();
  if (!twice) return segments;
  const again = segments.map(decode);
  return again.every((segment) => segment !== undefined) ? again : undefined;
}

function covers(held: readonly string[] | undefined, requested: string): boolean {
  const wanted = requested.split('/');
  if (held === undefined || held.length === 0 || held.length > wanted.length) return false;
  return held.every((segment, index) => sameSegment(segment, wanted[index] ?? '', wanted[index - 1]));
}

/** Ids are case-sensitive; the host and the fixed words are not. */
function sameSegment(held: string, wanted: string, before: string | undefined): boolean {
  if (before === undefined) return hostOf(held) === hostOf(wanted);
  if (/^(?:devices|modules|twins|registrations)$/i.test(before)) return held === wanted;
  return held.toLowerCase() === wanted.toLowerCase();
}

function hostOf(text: string): string {
  return text.toLowerCase().replace(/:\d+$/, '');
}

/**
 * HMAC-SHA256 (RFC 2104) by two digests: a fifth of the time that OpenSSL takes to set up an HMAC for a text this short, and every
 * device that connects is checked against two keys.
 */
function sign(key: string, resource: string, expiry: string): string {
  const bytes = Buffer.from(key, 'base64');
  const secret = bytes.length > blockBytes ? hash('sha256', bytes, 'buffer') : bytes;
  const text = `${resource}\n${expiry}`;
  const inner = Buffer.alloc(blockBytes + Buffer.byteLength(text), 0x36);
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);
  for (const [index, byte] of secret.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  inner.write(text, blockBytes);
  hash('sha256', inner, 'buffer').copy(outer, blockBytes);
  return hash('sha256', outer, 'base64');
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-decodes and leaves `+` alone: base64 holds it. Undefined when the encoding is broken. */
function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
