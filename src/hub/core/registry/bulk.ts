import { HubError } from '../../../protocol/hub-errors.ts';
import { bulkLimit, type BulkResult } from '../../../protocol/identity.ts';
import type { ChangeOutcome, DeviceRecord } from '../ports.ts';
import { notifyDesired } from '../twins/twins.ts';
import { elementId, parseElement, planElement, type BulkElement, type Planned } from './bulk-element.ts';
import { endSessionAfter } from './end-session.ts';
import { deviceExists, deviceNotFound } from './preconditions.ts';
import type { RegistryParts } from './parts.ts';

type BulkError = BulkResult['errors'][number];

/** A plan may meet a record that another hub changed; then its element is planned anew. */
const maxRounds = 5;

/**
 * Many identities in one request; each element stands alone and failures do not undo the others. Source: service.md §2.7.
 * Failures of the request as a whole: ArgumentInvalid (not 1 to 100 elements), DeviceDefinedMultipleTimes.
 */
export function createBulk({ store, records, sessions, clock }: RegistryParts): (body: unknown) => Promise<BulkResult> {
  function finish(planned: Planned): void {
    const { before, after, notice } = planned;
    if (after === undefined) {
      if (before !== undefined) sessions.end(before.deviceId, 'deleted');
      return;
    }
    if (notice !== undefined) notifyDesired(sessions, after, notice);
    endSessionAfter(sessions, before, after);
  }

  /** A create does not look first: its insert finds out whether the device is there. */
  async function read(elements: readonly BulkElement[]): Promise<ReadonlyMap<string, DeviceRecord>> {
    const looking = elements.filter(({ mode }) => mode !== 'create');
    return looking.length === 0 ? new Map() : store.readMany(looking.map(({ deviceId }) => deviceId));
  }

  /** One round over the elements; answers those that lost a race. */
  async function round(elements: readonly BulkElement[], errors: BulkError[]): Promise<BulkElement[]> {
    const found = await read(elements);
    const accepted = planAll(elements, found, clock.now(), errors);
    if (accepted.length === 0) return [];
    const outcomes = await store.write(accepted.map(({ planned }) => planned.change));
    const again: BulkElement[] = [];
    for (const [index, { element, planned }] of accepted.entries()) {
      const outcome = outcomes[index] ?? 'stale';
      if (outcome === 'applied') finish(planned);
      else if (runsAgain(element, outcome)) again.push(element);
      else
        errors.push(
          errorOf(
            element.deviceId,
            element.mode,
            outcome === 'exists' ? deviceExists(element.deviceId) : deviceNotFound(element.deviceId),
          ),
        );
    }
    return again;
  }

  return async (body) => {
    const errors: BulkError[] = [];
    const elements = readElements(body, errors);
    const deviceIds = elements.map(({ deviceId }) => deviceId);
    await records.exclusively(deviceIds, async () => {
      let left = elements;
      for (let count = 0; left.length > 0 && count < maxRounds; count++) left = await round(left, errors);
      for (const { deviceId, mode } of left) errors.push(errorOf(deviceId, mode, contended(deviceId)));
    });
    return { isSuccessful: errors.length === 0, errors, warnings: [] };
  };
}

function contended(deviceId: string): HubError {
  return new HubError('ServiceUnavailable', `Device '${deviceId}' is being changed by too many at once.`);
}

function readElements(body: unknown, errors: BulkError[]): BulkElement[] {
  if (!Array.isArray(body)) throw new HubError('ArgumentInvalid', 'The body must be a JSON array of devices.');
  if (body.length === 0 || body.length > bulkLimit) {
    throw new HubError('ArgumentInvalid', `A bulk request holds 1 to ${bulkLimit} devices, this one ${body.length}.`);
  }
  const elements: BulkElement[] = [];
  const seen = new Set<string>();
  for (const value of body) {
    try {
      const element = parseElement(value);
      if (seen.has(element.deviceId))
        throw new HubError('DeviceDefinedMultipleTimes', `Device '${element.deviceId}' is in the request twice.`);
      seen.add(element.deviceId);
      elements.push(element);
    } catch (error) {
      if (!(error instanceof HubError) || error.symbol === 'DeviceDefinedMultipleTimes') throw error;
      errors.push(errorOf(elementId(value), undefined, error));
    }
  }
  return elements;
}

function planAll(
  elements: readonly BulkElement[],
  found: ReadonlyMap<string, DeviceRecord>,
  now: number,
  errors: BulkError[],
) {
  const accepted: { element: BulkElement; planned: Planned }[] = [];
  for (const element of elements) {
    try {
      accepted.push({ element, planned: planElement(element, found.get(element.deviceId), now) });
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      errors.push(errorOf(element.deviceId, element.mode, error));
    }
  }
  return accepted;
}

/** A create that meets a device, or a delete that meets none, has its answer; everything else looks at the new record. */
function runsAgain({ mode }: BulkElement, outcome: ChangeOutcome): boolean {
  if (outcome === 'exists') return mode !== 'create';
  if (outcome === 'missing') return mode.startsWith('createOrUpdate');
  return true;
}

function errorOf(deviceId: string, operation: string | undefined, error: HubError): BulkError {
  const entry = { deviceId, errorCode: error.symbol, errorStatus: error.message };
  return operation === undefined ? entry : { ...entry, operation };
}
