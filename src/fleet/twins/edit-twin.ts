/** Changes a twin by hand: a person is shown what is writable, and what they make of it is written if nobody else was faster. */
import { isFailure } from '../../errors/index.ts';
import type { Twin, TwinChange } from '../../protocol/twin/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { applyPatch } from './change.ts';
import { contentOf } from './content.ts';
import { diffDocuments, type Difference } from './diff.ts';

/** The writable part of a twin. */
export interface EditableTwin {
  readonly tags: JsonObject;
  readonly desired: JsonObject;
}

/** Why a document is shown again. */
export type EditProblem =
  /** The hub refused what was written. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Somebody else changed the twin; the document holds both changes, and where they meet the person's own. */
  | { readonly kind: 'changed-meanwhile'; readonly theirs: readonly Difference[] };

export interface EditTwinRequest {
  /** Lets the person edit a document; undefined when they gave up or left it as it was. */
  readonly edit: (document: EditableTwin, problem: EditProblem | undefined) => Promise<EditableTwin | undefined>;
  /** Shows what would change and asks; rejects on a no. */
  readonly confirm: (differences: readonly Difference[]) => Promise<void>;
  /** Only look: nothing is written. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type EditTwinResult =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'planned'; readonly differences: readonly Difference[] }
  | { readonly kind: 'written'; readonly twin: Twin };

/** Failures: device-not-found, those of `edit` and `confirm`, and what the hub says beside a refusal of the content. */
export async function editTwin(
  hub: Pick<Hub, 'twins'>,
  identity: string,
  request: EditTwinRequest,
): Promise<EditTwinResult> {
  const { signal } = request;
  let twin = await hub.twins.get(identity, signal);
  let base = editableOf(twin);
  let shown = base;
  let problem: EditProblem | undefined;
  for (;;) {
    const edited = await request.edit(shown, problem);
    const change = edited === undefined ? undefined : changeBetween(base, edited);
    if (edited === undefined || change === undefined) return { kind: 'unchanged' };
    const differences = differencesOf(base, edited);
    if (request.dryRun) return { kind: 'planned', differences };
    await request.confirm(differences);
    try {
      const written = await hub.twins.patch(identity, change, { etag: twin.etag, ...(signal && { signal }) });
      return { kind: 'written', twin: written };
    } catch (error) {
      if (isFailure(error, 'changed-meanwhile')) {
        twin = await hub.twins.get(identity, signal);
        const latest = editableOf(twin);
        problem = { kind: 'changed-meanwhile', theirs: differencesOf(base, latest) };
        shown = {
          tags: applyPatch(latest.tags, change.tags ?? {}),
          desired: applyPatch(latest.desired, change.properties?.desired ?? {}),
        };
        base = latest;
      } else if (isFailure(error) && isRefusalOfContent(error.details['status'])) {
        problem = { kind: 'refused', message: error.message };
        shown = edited;
      } else throw error;
    }
  }
}

function isRefusalOfContent(status: unknown): boolean {
  return status === 400 || status === 413;
}

function editableOf(twin: Twin): EditableTwin {
  return { tags: twin.tags, desired: contentOf(twin.properties.desired) };
}

function differencesOf(before: EditableTwin, after: EditableTwin): Difference[] {
  return [
    ...diffDocuments(before.desired, after.desired, ['desired']),
    ...diffDocuments(before.tags, after.tags, ['tags']),
  ];
}

/** The merge patch that makes one document of the other; undefined when they are the same. */
function changeBetween(before: EditableTwin, after: EditableTwin): TwinChange | undefined {
  if (differencesOf(before, after).length === 0) return undefined;
  const tags = patchBetween(before.tags, after.tags);
  const desired = patchBetween(before.desired, after.desired);
  return {
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(Object.keys(desired).length > 0 && { properties: { desired } }),
  };
}

function patchBetween(before: JsonObject, after: JsonObject): JsonObject {
  const patch: [string, JsonValue][] = [];
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch.push([name, null]);
  for (const [name, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    if (isJsonObject(old) && isJsonObject(value)) {
      const inner = patchBetween(old, value);
      if (Object.keys(inner).length > 0) patch.push([name, inner]);
    } else if (diffDocuments({ value: old ?? null }, { value }).length > 0 || old === undefined)
      patch.push([name, value]);
  }
  return Object.fromEntries(patch);
}
