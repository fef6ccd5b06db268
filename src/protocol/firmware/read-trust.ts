import { isJsonObject } from '../../std/json.ts';
import { isTrustSignedBy, keyIdOf, trustProblem } from './signature.ts';
import { signedTrustSchema, trustSchema, type SignedTrust, type Trust } from './trust.ts';

/** A set of keys that somebody has chosen to trust, such as that of a device at its provisioning. */
export interface GivenTrust {
  readonly trust: Trust;
  /** The signed sets it was read from, oldest first; empty when it was given without signatures. */
  readonly chain: readonly SignedTrust[];
}

/**
 * Reads what a file with trusted keys holds: a set of keys, a signed one as `firmware keygen` and `firmware rotate-key` write it, or a
 * list of signed ones that follow each other, of which the last counts. TypeError that says what is wrong: a file that was changed
 * by accident is found here, and who may change it on purpose is trusted.
 */
export function readTrust(value: unknown): GivenTrust {
  if (isJsonObject(value) && !('trust' in value)) {
    const trust = parsed(trustSchema.safeParse(value));
    refuseFalseIds(trust);
    return { trust, chain: [] };
  }
  const chain = parsed(
    signedTrustSchema
      .array()
      .min(1)
      .safeParse(Array.isArray(value) ? value : [value]),
  );
  let present: Trust | undefined;
  for (const signed of chain) {
    refuseFalseIds(signed.trust);
    const problem =
      present === undefined
        ? isTrustSignedBy(signed.trust.keys, signed)
          ? undefined
          : 'no key of its own has signed it'
        : trustProblem(present, signed);
    if (problem !== undefined) throw new TypeError(`the set of keys of version ${signed.trust.version}: ${problem}`);
    present = signed.trust;
  }
  if (present === undefined) throw new TypeError('there are no keys');
  return { trust: present, chain };
}

function refuseFalseIds({ keys }: Trust): void {
  const lying = keys.find(({ keyId, publicKey }) => keyIdOf(publicKey) !== keyId);
  if (lying !== undefined) throw new TypeError(`the key ${lying.keyId} does not have that id`);
}

function parsed<Value>(
  result:
    | { readonly success: true; readonly data: Value }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      },
): Value {
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TypeError(
    issue === undefined ? 'it is no set of keys' : `${issue.path.map(String).join('.')}: ${issue.message}`,
  );
}
