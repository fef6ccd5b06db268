import { z } from 'zod';
import {
  checkOffer,
  offerSchema,
  rolloutIdSchema,
  type InstallerFacts,
  type Offer,
  type RejectionCode,
  type Trust,
} from '../../protocol/firmware/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

const nameSchema = z.object({ rollout: rolloutIdSchema, attempt: z.int().min(1).max(1_000_000) });

/** `properties.desired.firmware`, before anything of it is believed. */
export type Wish =
  | { readonly kind: 'nothing' }
  /** Something that does not even say whose offer it is. */
  | { readonly kind: 'nameless'; readonly message: string }
  | { readonly kind: 'offer'; readonly rollout: string; readonly attempt: number; readonly document: JsonObject };

export function readWish(section: JsonValue | undefined): Wish {
  if (section === undefined || section === null) return { kind: 'nothing' };
  if (!isJsonObject(section)) return { kind: 'nameless', message: 'the offer is not an object' };
  const name = nameSchema.safeParse(section);
  if (!name.success) return { kind: 'nameless', message: `the offer has no name: ${wordsOf(name.error)}` };
  return { kind: 'offer', ...name.data, document: section };
}

export type Judgement =
  | { readonly kind: 'accepted'; readonly offer: Offer; readonly trust: Trust }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string; readonly trust: Trust };

/** Made once: a schema costs more than what it checks. */
const withoutTrust = offerSchema.omit({ trust: true });

/** The signature first, then what it stands for, and last what comes along without one: address, times, deadlines. */
export function judge(document: JsonObject, facts: InstallerFacts): Judgement {
  const verdict = checkOffer(document, facts);
  if (verdict.kind === 'rejected') return { ...verdict, message: verdict.message.slice(0, 512) };
  const parsed = withoutTrust.safeParse(document);
  if (parsed.success) return { kind: 'accepted', offer: parsed.data, trust: verdict.trust };
  return { kind: 'rejected', code: 'manifest-invalid', message: wordsOf(parsed.error), trust: verdict.trust };
}

function wordsOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined
    ? 'not understood'
    : `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`.slice(0, 512);
}
