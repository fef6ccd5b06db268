import { HubError } from '../../../protocol/hub-errors.ts';
import { bulkLimit, type BulkResult } from '../../../protocol/identity.ts';
import { identityNames, isModulePath, type IdentityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { ChangeOutcome, DeviceRecord } from '../ports.ts';
import { contended, pathOf } from '../records.ts';
import { notifyDesired } from '../twins/twins.ts';
import { elementNames, parseElement, planElement, type BulkElement, type Planned } from './bulk-element.ts';
import { checkParent } from './device-scopes.ts';
import { endSessionAfter } from './end-session.ts';
import { createModuleRoom, type ModuleRoom } from './module-room.ts';
import { deviceNotFound, identityExists, registryNotFound } from './preconditions.ts';
import type { RegistryParts } from './parts.ts';

type BulkError = BulkResult['errors'][number];

interface Accepted {
  readonly element: BulkElement;
  readonly planned: Planned;
}

/** A plan may meet a record that another hub changed; then its element is planned anew. */
const maxRounds = 5;

/**
 * Many identities in one request; each element stands alone and failures do not undo the others. Source: service.md §2.7.
 * Failures of the request as a whole: ArgumentInvalid (not 1 to 100 elements), DeviceDefinedMultipleTimes.
 */
export function createBulk(parts: RegistryParts): (body: unknown) => Promise<BulkResult> {
  const { store, records, sessions, clock } = parts;

  function finish({ change, before, after, notice }: Planned): void {
    parts.wrote(before, change);
    if (after === undefined) {
      if (before !== undefined) endDeleted(parts, before);
      return;
    }
    if (notice !== undefined) notifyDesired(sessions, after, notice);
    endSessionAfter(parts, before, after);
  }

  /** A create does not look first: its insert finds out whether the identity is there. */
  async function read(elements: readonly BulkElement[]): Promise<ReadonlyMap<IdentityPath, DeviceRecord>> {
    const looking = elements.filter(({ mode }) => mode !== 'create');
    return looking.length === 0 ? new Map() : store.readMany(looking.map(({ identity }) => identity));
  }

  async function planAll(
    elements: readonly BulkElement[],
    room: ModuleRoom,
    errors: BulkError[],
  ): Promise<readonly Accepted[]> {
    const found = await read(elements);
    const accepted: Accepted[] = [];
    for (const element of elements) {
      try {
        const planned = planElement(element, found.get(element.identity), clock.now());
        if (planned.after !== undefined && planned.after.parentScopes.length > 0)
          await checkParent(store, planned.after);
        if (planned.change.kind === 'insert' && isModulePath(element.identity)) await room.take(element.identity);
        accepted.push({ element, planned });
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        errors.push(errorOf(element.identity, element.mode, error));
      }
    }
    return accepted;
  }

  /** One round over the elements; answers those that lost a race. */
  async function round(elements: readonly BulkElement[], errors: BulkError[]): Promise<BulkElement[]> {
    const accepted = await planAll(elements, createModuleRoom(store), errors);
    if (accepted.length === 0) return [];
    // What an element brings along comes after all of them, so that outcomes and elements have the same places.
    const changes = accepted.map(({ planned }) => planned.change);
    const also = accepted.flatMap(({ planned }) => planned.also);
    const outcomes = await store.write([...changes, ...also]);
    for (const [index, change] of also.entries())
      if (outcomes[changes.length + index] === 'applied') parts.wrote(undefined, change);
    const again: BulkElement[] = [];
    for (const [index, { element, planned }] of accepted.entries()) {
      const outcome = outcomes[index] ?? 'stale';
      if (outcome === 'applied') finish(planned);
      else if (runsAgain(element, outcome)) again.push(element);
      else errors.push(errorOf(element.identity, element.mode, refusalOf(element, outcome)));
    }
    return again;
  }

  return async (body) => {
    const errors: BulkError[] = [];
    const elements = readElements(body, errors);
    await records.exclusively(linesOf(elements), async () => {
      let left = elements;
      for (let count = 0; left.length > 0 && count < maxRounds; count++) left = await round(left, errors);
      for (const { identity, mode } of left) errors.push(errorOf(identity, mode, contended(identity)));
    });
    return { isSuccessful: errors.length === 0, errors, warnings: [] };
  };
}

/** The identities themselves, and the devices of modules. */
function linesOf(elements: readonly BulkElement[]): readonly IdentityPath[] {
  const lines = new Set<IdentityPath>();
  for (const { identity } of elements) lines.add(identity).add(identityNames(identity).deviceId);
  return [...lines];
}

function endDeleted({ sessions, removed }: RegistryParts, record: DeviceRecord): void {
  if (record.moduleId === '') sessions.endAll(record.deviceId, 'deleted');
  else sessions.end(pathOf(record), 'deleted');
  removed(pathOf(record));
}

function readElements(body: unknown, errors: BulkError[]): BulkElement[] {
  if (!Array.isArray(body)) throw new HubError('ArgumentInvalid', 'The body must be a JSON array of devices.');
  if (body.length === 0 || body.length > bulkLimit) {
    throw new HubError('ArgumentInvalid', `A bulk request holds 1 to ${bulkLimit} devices, this one ${body.length}.`);
  }
  const elements: BulkElement[] = [];
  const seen = new Set<IdentityPath>();
  for (const value of body) {
    try {
      const element = parseElement(value);
      if (seen.has(element.identity))
        throw new HubError('DeviceDefinedMultipleTimes', `'${element.identity}' is in the request twice.`);
      seen.add(element.identity);
      elements.push(element);
    } catch (error) {
      if (!(error instanceof HubError) || error.symbol === 'DeviceDefinedMultipleTimes') throw error;
      errors.push(errorOf(elementNames(value), undefined, error));
    }
  }
  return elements;
}

/** A create that meets an identity, or a delete that meets none, has its answer; everything else looks at the new record. */
function runsAgain({ mode }: BulkElement, outcome: ChangeOutcome): boolean {
  if (outcome === 'exists') return mode !== 'create';
  if (outcome === 'missing') return mode.startsWith('createOrUpdate');
  return true;
}

function refusalOf({ identity, mode }: BulkElement, outcome: ChangeOutcome): HubError {
  if (outcome === 'exists') return identityExists(identity);
  // An insert misses the device that its module should belong to.
  return mode === 'create' ? deviceNotFound(identityNames(identity).deviceId) : registryNotFound(identity);
}

function errorOf(identity: IdentityPath | IdentityNames, operation: string | undefined, error: HubError): BulkError {
  const { deviceId, moduleId } = typeof identity === 'string' ? identityNames(identity) : identity;
  return {
    deviceId,
    ...(moduleId === '' ? {} : { moduleId }),
    errorCode: error.symbol,
    errorStatus: error.message,
    ...(operation === undefined ? {} : { operation }),
  };
}
