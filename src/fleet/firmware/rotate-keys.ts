import type { KeyObject } from 'node:crypto';
import type { RecordStore } from '../../client/records.ts';
import { Failure } from '../../errors/index.ts';
import {
  keyIdOf,
  rawPublicKey,
  signTrust,
  trustProblem,
  type GivenTrust,
  type SignedTrust,
  type Trust,
} from '../../protocol/firmware/index.ts';
import { canonicalJson } from '../../std/canonical-json.ts';
import { readTrustRecord, trustRecord, trustValue } from './firmware-records.ts';

export interface NextTrustRequest {
  readonly present: Trust;
  /** A private key of the present set. */
  readonly signer: KeyObject;
  /** A private key that joins; it signs too, so that nobody trusts a key that nobody has. */
  readonly added?: KeyObject | undefined;
  /** Ids of the keys that leave. */
  readonly retired: readonly string[];
  /** Unix milliseconds. */
  readonly now: number;
}

/** The set of keys that follows the present one, signed by a key of each. Failures: invalid-value, conflict (nothing would change). */
export function nextTrust({ present, signer, added, retired, now }: NextTrustRequest): SignedTrust {
  const own = keyOf(signer);
  const listed = present.keys.map(({ keyId }) => keyId);
  if (!listed.includes(own.keyId))
    throw new Failure('invalid-value', `the key ${own.keyId} is none of the trusted ones: ${listed.join(', ')}`, {
      hint: 'give a private key of the present set with --key',
    });
  const strange = retired.find((keyId) => !listed.includes(keyId));
  if (strange !== undefined)
    throw new Failure('invalid-value', `the key ${strange} cannot be retired, it is none of ${listed.join(', ')}`);
  const joining = added === undefined ? [] : [keyOf(added)].filter(({ keyId }) => !listed.includes(keyId));
  const keys = [...present.keys.filter(({ keyId }) => !retired.includes(keyId)), ...joining];
  if (joining.length === 0 && retired.length === 0)
    throw new Failure('conflict', 'nothing would change: no key joins that is not trusted already, and none leaves', {
      hint: 'add --new-key FILE, or --retire KEY',
    });
  const signers = added === undefined ? [signer] : [signer, added];
  const trust: Trust = { format: 1, version: present.version + 1, keys, createdAt: new Date(now).toISOString() };
  if (!keys.some(({ keyId }) => signers.some((each) => keyOf(each).keyId === keyId)))
    throw new Failure('invalid-value', 'a key that stays has to sign, and the one given leaves', {
      hint: 'sign with --key of a key that stays, or add --new-key FILE',
    });
  if (keys.length > mostKeys)
    throw new Failure('invalid-value', `${keys.length} keys are more than ${mostKeys}`, { hint: 'add --retire KEY' });
  return signTrust(trust, signers);
}

const mostKeys = 16;

function keyOf(key: KeyObject): Trust['keys'][number] {
  const publicKey = rawPublicKey(key);
  return { keyId: keyIdOf(publicKey), publicKey };
}

/** Offers carry the chain in a twin, which has room for 32 kB of desired properties; a device that is further behind is provisioned anew. */
const chainLimits = { sets: 16, bytes: 16_384 } as const;

export interface PublishRequest {
  readonly next: SignedTrust;
  /** What the next follows, when the hub knows no keys yet. `chain` is what is known of the way there, oldest first. */
  readonly before?: GivenTrust | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PublishedTrust {
  readonly chain: readonly SignedTrust[];
  readonly result: 'published' | 'unchanged';
}

/**
 * Where the next set of keys would stand at the hub; `publish` writes it there, and offers carry it from then on. Failures: conflict
 * (the hub has another set of this version, or the next does not follow), changed-meanwhile, data-unusable, those of any request.
 */
export async function preparePublication(
  records: Pick<RecordStore, 'read' | 'write'>,
  { next, before, signal }: PublishRequest,
): Promise<PublishedTrust & { publish(): Promise<void> }> {
  const { chain, etag } = await readTrustRecord(records, signal);
  if (chain.some((each) => isSame(each.trust, next.trust))) {
    return { chain, result: 'unchanged', publish: async () => undefined };
  }
  const present = chain.at(-1)?.trust ?? before?.trust;
  const problem = present === undefined ? firstProblem(next) : trustProblem(present, next);
  if (problem !== undefined)
    throw new Failure('conflict', `these keys cannot follow those of the hub: ${problem}`, {
      hint: 'without --trust, firmware rotate-key begins with the set that the hub has',
    });
  const extended = shortened([...(chain.length > 0 ? chain : (before?.chain ?? [])), next]);
  return {
    chain: extended,
    result: 'published',
    async publish() {
      await records.write(trustRecord, trustValue(extended), {
        etag: etag ?? 'none',
        ...(signal !== undefined && { signal }),
      });
    },
  };
}

/** A hub that knows no keys takes the first set of all; a later one needs those before it, for devices that have them. */
function firstProblem({ trust }: SignedTrust): string | undefined {
  return trust.version === 1 ? undefined : `it is version ${trust.version}, and the hub knows none before it`;
}

function isSame(left: Trust, right: Trust): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

/** The newest sets, as many as fit. */
function shortened(chain: readonly SignedTrust[]): readonly SignedTrust[] {
  let kept = chain.slice(-chainLimits.sets);
  while (kept.length > 1 && Buffer.byteLength(JSON.stringify(kept)) > chainLimits.bytes) kept = kept.slice(1);
  return kept;
}
