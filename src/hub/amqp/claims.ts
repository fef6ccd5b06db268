/** The tokens of one connection, and what they allow. Source: device.md §4.1, §4.2; service.md §8.2, §9.4. */
import { HubError } from '../../protocol/hub-errors.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import { parseSasToken, type SasToken } from '../../protocol/sas-token.ts';
import type { Permission, PeerCertificates } from '../core/services.ts';
import { Timers } from '../timers.ts';
import type { AmqpContext } from './context.ts';
import type { Claim, Claims, DeviceGrant } from './route.ts';

export interface ClaimsParts {
  readonly context: AmqpContext;
  readonly certificates: PeerCertificates | undefined;
  /** Where the peer is, for the audit of refusals. */
  readonly remote: string;
  readonly onExpired: (claim: Claim) => void;
}

type ClaimKind = 'device' | 'policy' | 'event-hub';

/** What the gatekeeper found out about a token. */
interface Proved {
  readonly policy?: string | undefined;
  readonly expiresAt: number;
}

class HeldClaim implements Claim {
  readonly kind: ClaimKind;
  readonly resource: string;
  readonly policy: string | undefined;
  token: string;
  expiresAt: number;

  constructor(kind: ClaimKind, resource: string, token: string, { policy, expiresAt }: Proved) {
    this.kind = kind;
    this.resource = resource;
    this.policy = policy;
    this.token = token;
    this.expiresAt = expiresAt;
  }
}

const anyPermission: readonly Permission[] = ['ServiceConnect', 'DeviceConnect', 'RegistryRead', 'RegistryWrite'];

export class ConnectionClaims implements Claims {
  readonly #parts: ClaimsParts;
  readonly #held = new Map<string, HeldClaim>();
  readonly #timers: Timers<string>;
  #closed = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
    this.#timers = new Timers(parts.context.clock);
  }

  get size(): number {
    return this.#held.size;
  }

  /** Takes a token in, verified. HubErrors: IotHubUnauthorizedAccess and whatever the gatekeeper says; IotHubMaxCbsTokenExceeded. */
  async put(text: string): Promise<void> {
    const token = parseSasToken(text);
    if (token === undefined)
      throw new HubError('IotHubUnauthorizedAccess', 'The token is not a shared access signature.');
    const resource = resourceOf(token);
    if (/^[a-z]+:\/\//i.test(resource)) await this.#putEventHub(text, resource);
    else if (token.keyName === undefined) await this.#putDevice(text, resource);
    else await this.#putPolicy(text, resource);
  }

  /** Takes the name and key of a policy, as Event Hubs clients with SASL PLAIN give them. HubError IotHubUnauthorizedAccess. */
  async putKey(policy: string, key: string): Promise<void> {
    await this.#parts.context.core.gatekeeper.authorizeEventHubKey(policy, key, this.#parts.remote);
    const proved = { policy, expiresAt: Number.POSITIVE_INFINITY };
    this.#held.set(claimKey('event-hub', policy), new HeldClaim('event-hub', policy, '', proved));
  }

  /** Checked anew for each session: what a token opened when it came may have been taken away since. */
  async device(identity: IdentityPath, modelId?: string): Promise<DeviceGrant> {
    const { gatekeeper } = this.#parts.context.core;
    const { certificates, remote } = this.#parts;
    const own = this.#held.get(claimKey('device', identity));
    let refusal: unknown;
    for (const claim of own === undefined ? this.#of('policy') : [own]) {
      try {
        const principal = await gatekeeper.authenticateDevice({ identity, token: claim.token, modelId, remote });
        return { principal, claim };
      } catch (error) {
        refusal = error;
      }
    }
    if (refusal === undefined && certificates !== undefined) {
      const principal = await gatekeeper.authenticateDevice({ identity, certificates, modelId, remote });
      return { principal, claim: { resource: identity, expiresAt: undefined } };
    }
    throw refusal ?? new HubError('IotHubUnauthorizedAccess', 'The connection has no token for this identity.');
  }

  async service(resource: string, anyOf: readonly Permission[]): Promise<Claim> {
    const { remote } = this.#parts;
    let refusal: unknown;
    for (const claim of this.#of('policy')) {
      try {
        await this.#parts.context.core.gatekeeper.authorizeService({ token: claim.token, resource, anyOf, remote });
        return claim;
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal ?? new HubError('IotHubUnauthorizedAccess', 'The connection has no token for this address.');
  }

  async eventHub(): Promise<Claim> {
    const [claim] = this.#of('event-hub');
    return claim ?? this.service('/messages/events', ['ServiceConnect']);
  }

  close(): void {
    this.#closed = true;
    this.#timers.disarmAll();
    this.#held.clear();
  }

  async #putDevice(text: string, resource: string): Promise<void> {
    let refusal: unknown = new HubError('IotHubUnauthorizedAccess', 'The token names neither a policy nor a device.');
    for (const identity of identitiesOf(resource)) {
      try {
        await this.#holdDevice(text, resource, identity);
        return;
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  }

  async #holdDevice(text: string, resource: string, identity: IdentityPath): Promise<void> {
    const { remote } = this.#parts;
    const { gatekeeper } = this.#parts.context.core;
    const { expiresAt } = await gatekeeper.authenticateDevice({ identity, token: text, remote });
    const proved = { expiresAt: expiresAt ?? Number.MAX_SAFE_INTEGER };
    this.#hold('device', claimKey('device', identity), resource, text, proved);
  }

  async #putPolicy(text: string, resource: string): Promise<void> {
    const slash = resource.indexOf('/');
    const path = slash < 0 ? '' : resource.slice(slash);
    const { gatekeeper } = this.#parts.context.core;
    const proved = await gatekeeper.authorizeService({
      token: text,
      resource: path,
      anyOf: anyPermission,
      remote: this.#parts.remote,
    });
    this.#hold('policy', claimKey('policy', resource), resource, text, proved);
  }

  async #putEventHub(text: string, resource: string): Promise<void> {
    const proved = await this.#parts.context.core.gatekeeper.authorizeEventHub(text, this.#parts.remote);
    this.#hold('event-hub', claimKey('event-hub', resource), resource, text, proved);
  }

  #hold(kind: ClaimKind, key: string, resource: string, text: string, proved: Proved): void {
    const { expiresAt } = proved;
    let claim = this.#held.get(key);
    if (claim === undefined) {
      if (this.#held.size >= this.#parts.context.limits.tokens)
        throw new HubError('IotHubMaxCbsTokenExceeded', 'The connection holds as many tokens as one may.');
      claim = new HeldClaim(kind, resource, text, proved);
      this.#held.set(key, claim);
    } else {
      claim.token = text;
      claim.expiresAt = expiresAt;
    }
    // A token may be verified when its connection is gone.
    if (!this.#closed) this.#timers.arm(key, expiresAt - this.#parts.context.clock.now(), () => this.#expire(key));
  }

  #expire(key: string): void {
    const claim = this.#held.get(key);
    if (claim === undefined) return;
    this.#held.delete(key);
    this.#parts.onExpired(claim);
  }

  #of(kind: ClaimKind): HeldClaim[] {
    return [...this.#held.values()].filter((claim) => claim.kind === kind);
  }
}

function claimKey(kind: ClaimKind, name: string): string {
  return `${kind} ${name}`;
}

function resourceOf({ resource }: SasToken): string {
  return decoded(resource);
}

/**
 * `{host}/devices/{d}[/modules/{m}]`. Ids that were encoded twice are decoded twice (device.md §1.2); then they are taken as they
 * stand, because an id may hold what looks like an encoding.
 */
function identitiesOf(resource: string): readonly IdentityPath[] {
  const [, devices, deviceId, modules, moduleId] = resource.split('/');
  if (devices?.toLowerCase() !== 'devices' || deviceId === undefined || deviceId === '') return [];
  const isModule = modules?.toLowerCase() === 'modules' && moduleId !== undefined;
  const path = (form: (id: string) => string): IdentityPath =>
    identityPath(form(deviceId), isModule ? form(moduleId) : '');
  return [...new Set([path(decoded), path((id) => id)])];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
