import { Failure } from '../../../errors/index.ts';
import { rolloutIdSchema } from '../../../protocol/firmware/index.ts';
import { rolloutsPrefix } from './prefix.ts';

/** Where a rollout's records are. What grows with the fleet is apart, so that nobody reads it by listing rollouts. */
export interface RecordNames {
  readonly spec: string;
  readonly intent: string;
  readonly state: string;
  readonly lease: string;
  /** Parts are named by the digest of their plan: two that make the same rollout at once do not mix theirs. */
  planPart(digest: string, part: number): string;
  readonly audit: string;
  auditRecord(number: number): string;
}

/** Failure `invalid-value` for what is no id of a rollout: it becomes part of a name. */
export function recordNames(id: string): RecordNames {
  const parsed = rolloutIdSchema.safeParse(id);
  if (!parsed.success)
    throw new Failure('invalid-value', `"${id}" is not the id of a rollout: 1 to 63 lower-case letters, digits and -`);
  const audit = `rollout-audits/${id}/`;
  return {
    spec: `${rolloutsPrefix}${id}/spec`,
    intent: `${rolloutsPrefix}${id}/intent`,
    state: `${rolloutsPrefix}${id}/state`,
    lease: `${rolloutsPrefix}${id}/lease`,
    planPart: (digest, part) => `rollout-plans/${id}/${digest.slice(0, 16)}-${String(part).padStart(4, '0')}`,
    audit,
    auditRecord: (number) => `${audit}${String(number).padStart(8, '0')}`,
  };
}

export const rolloutParts = ['spec', 'intent', 'state', 'lease'] as const;
export type RolloutPart = (typeof rolloutParts)[number];

/** The rollout and the part that a name under {@link rolloutsPrefix} stands for. */
export function parseRecordName(name: string): { readonly id: string; readonly part: RolloutPart } | undefined {
  const [, id, word] = /^rollouts\/([a-z0-9][a-z0-9-]{0,62})\/([a-z]+)$/.exec(name) ?? [];
  const part = rolloutParts.find((each) => each === word);
  return id === undefined || part === undefined ? undefined : { id, part };
}
