/** The SASL layer of a connection. Source: AMQP 1.0 part 5.3; device.md §4.1, §5.6; service.md §8.1. */
import { codes, textField, type Performative } from './codec/performatives.ts';
import type { ConnectionClaims } from './claims.ts';
import { ProtocolError } from './protocol-error.ts';

export const amqpHeader = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');
export const saslHeader = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');

/** As the cloud hub offers them. MSSBCBS is ANONYMOUS by another name: the tokens come over `$cbs`. */
export const saslMechanisms = ['EXTERNAL', 'MSSBCBS', 'ANONYMOUS', 'PLAIN'] as const;

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface SaslInit {
  readonly mechanism: string;
  readonly hostName: string;
  /** Of PLAIN. */
  readonly plain: Login | undefined;
}

export function readSaslInit({ code, fields }: Performative): SaslInit {
  if (code !== codes.saslInit) throw new ProtocolError('amqp:not-allowed', 'a SASL frame that is no init');
  const mechanism = (textField(fields, 0) ?? '').toUpperCase();
  const response = fields[1];
  const plain = mechanism === 'PLAIN' && response instanceof Uint8Array ? readPlain(response) : undefined;
  return { mechanism, hostName: textField(fields, 2) ?? '', plain };
}

/** `authorization NUL user NUL password` (RFC 4616). */
function readPlain(response: Uint8Array): Login | undefined {
  const parts = Buffer.from(response).toString('utf8').split('\0');
  const [, user, password] = parts;
  return parts.length === 3 && user !== undefined && password !== undefined ? { user, password } : undefined;
}

/** Checks what a mechanism brought; answers why it is refused, or undefined. May reject with a HubError. */
export async function verifyLogin(init: SaslInit, claims: ConnectionClaims): Promise<string | undefined> {
  if (init.mechanism !== 'PLAIN')
    return (saslMechanisms as readonly string[]).includes(init.mechanism) ? undefined : 'the mechanism is not offered';
  if (init.plain === undefined) return 'the response is not that of PLAIN';
  const { user, password } = init.plain;
  // `{policy}@sas.root.{hub}` or `{device}@sas.{hub}` bring a token, registrations are checked by their links, and readers of the
  // Event Hubs-compatible endpoint may give the policy's key itself.
  if (/@sas\./i.test(user)) await claims.put(password);
  else if (!user.includes('/registrations/')) await claims.putKey(user, password);
  return undefined;
}
