/** Why a hub could not be reached, in words, with what helps. */
import { Failure } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';
import { ProxyRefusal } from '../proxy.ts';

export interface NetworkContext {
  /** Where the service API is, which need not be the hub's own name. */
  readonly hostName: string;
  /** `localhost:8443`, where the connection went. */
  readonly address: string;
  readonly local: boolean;
  readonly hasCaFile: boolean;
  /** The profile that names the hub, when it is one. */
  readonly profile?: string | undefined;
  /** `host:port` of the proxy in between. */
  readonly proxy?: string | undefined;
}

const untrustedCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
]);

/** Never answered at all: nothing was sent, so nothing can have happened. */
const neverSentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOENT',
  'EPROXY',
]);

export function failureOfNetwork(error: unknown, context: NetworkContext): Failure {
  const code = codeOf(error);
  if (error instanceof ProxyRefusal) return failureOfProxy(error, context);
  if (context.proxy !== undefined && neverSentCodes.has(code)) return proxyUnreachable(error, code, context.proxy);
  const fail = (message: string, hint?: string, retryable = true): Failure =>
    new Failure('hub-unreachable', message, {
      hint,
      cause: error,
      retryable,
      details: { address: context.address, ...(code !== '' && { cause: code }) },
    });
  if (code === 'ECONNREFUSED') {
    return fail(
      `nothing listens at ${context.address}`,
      context.local ? 'iotctl hub start, or iotctl profile list' : 'iotctl doctor',
    );
  }
  if (code === 'ENOTFOUND')
    return fail(`there is no host ${context.hostName}`, `check the name: ${showProfile(context)}`, false);
  if (code === 'EAI_AGAIN') return fail(`the name ${context.hostName} cannot be looked up now; is there a network?`);
  if (code === 'ETIMEDOUT') return fail(`${context.address} does not answer in time`);
  if (untrustedCodes.has(code))
    return untrusted(`the certificate of ${context.address} is signed by nobody this machine trusts`, error, context);
  if (code === 'CERT_HAS_EXPIRED')
    return untrusted(`the certificate of ${context.address} has expired`, error, context);
  if (code === 'CERT_NOT_YET_VALID')
    return untrusted(
      `the certificate of ${context.address} is not valid yet; check this machine's clock`,
      error,
      context,
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return untrusted(`the certificate of ${context.address} is for another host name`, error, context);
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return fail(
      `${context.address} does not speak TLS as expected`,
      'check the port and http:// or https:// of the profile',
      false,
    );
  }
  return fail(`the connection to ${context.address} failed: ${messageOf(error)}`);
}

/** The profile need not be the selected one. */
function showProfile({ profile }: NetworkContext): string {
  return profile === undefined ? 'iotctl profile show' : `iotctl profile show ${profile}`;
}

/** True when the hub cannot have seen the request. */
export function wasNeverSent(error: unknown): boolean {
  return neverSentCodes.has(codeOf(error)) || isTrustError(error);
}

function failureOfProxy(refusal: ProxyRefusal, { address }: NetworkContext): Failure {
  const asks = refusal.statusCode === 407;
  return new Failure('hub-unreachable', `${refusal.message} and opened no way to ${address}`, {
    hint: asks
      ? 'put a name and a password into HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT'
      : 'ask who runs the proxy, or name the hub in NO_PROXY',
    details: { address, cause: 'EPROXY', status: refusal.statusCode },
    cause: refusal,
  });
}

function proxyUnreachable(error: unknown, code: string, proxy: string): Failure {
  return new Failure('hub-unreachable', `the proxy ${proxy} cannot be reached (${code})`, {
    hint: 'check HTTPS_PROXY, or name the hub in NO_PROXY',
    details: { proxy, cause: code },
    cause: error,
    retryable: true,
  });
}

function isTrustError(error: unknown): boolean {
  const code = codeOf(error);
  return untrustedCodes.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS');
}

/** The system's code of a network error, '' when there is none; looks into the several errors of a host with several addresses. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function untrusted(message: string, error: unknown, context: NetworkContext): Failure {
  const hint =
    context.local && context.hasCaFile
      ? 'the hub may have a new CA: iotctl hub env, then iotctl profile add NAME --replace'
      : 'iotctl profile add NAME --ca-file FILE --replace';
  return new Failure('tls-untrusted', message, {
    hint,
    cause: error,
    details: { address: context.address, cause: codeOf(error) },
  });
}
