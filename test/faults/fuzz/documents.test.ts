/** C-23, C-24: the small languages beside the big protocols. Each refuses in its own kind of error and in no other. */
import { it } from 'vitest';
import { parseErrorBody } from '../../../src/client/http/error-body.ts';
import { isFailure } from '../../../src/errors/index.ts';
import { isBlobRequest, readAddress } from '../../../src/hub/blob/request.ts';
import { parseBlockList } from '../../../src/hub/blob/xml.ts';
import { parseConfiguration } from '../../../src/hub/core/configurations/configuration-draft.ts';
import { blobKey, blobNameProblem, blobPath, containerProblem } from '../../../src/hub/core/blobs/names.ts';
import { parseJob } from '../../../src/hub/core/jobs/job-draft.ts';
import { parseEnrollmentDraft } from '../../../src/hub/core/provisioning/enrollment-draft.ts';
import { readTpmKey } from '../../../src/hub/core/provisioning/tpm/public-area.ts';
import { parseIdentityDraft } from '../../../src/hub/core/registry/identity-draft.ts';
import { parseElement } from '../../../src/hub/core/registry/bulk-element.ts';
import { fieldsOf, parseUntrustedJson } from '../../../src/hub/core/untrusted.ts';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';
import { isDeviceId } from '../../../src/protocol/device-id.ts';
import { checkOffer } from '../../../src/protocol/firmware/check-offer.ts';
import { parseManifestName } from '../../../src/protocol/firmware/index.ts';
import { readTrust } from '../../../src/protocol/firmware/read-trust.ts';
import { parseMethodPayload, parseMethodRequest } from '../../../src/protocol/method.ts';
import { parseSasToken, tokenCovers } from '../../../src/protocol/sas-token.ts';
import { parsePosition, parseStreamLine } from '../../../src/protocol/telemetry/index.ts';
import { parseAssignment } from '../../../src/std/assignment.ts';
import { parseDuration } from '../../../src/std/duration.ts';
import { matchGlob } from '../../../src/std/glob.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';
import { redactText } from '../../../src/std/redact.ts';
import { manifestFor, newKey, offerOf, trustOf } from '../../support/firmware.ts';
import { textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const texts = textCorpus('documents');
const json = textCorpus('json');

/** Names of the errors that are answers. */
const answers: ReadonlySet<string> = new Set([
  'HubError',
  'BlobError',
  'Failure',
  'FormatError',
  'SyntaxError',
  'UsageError',
]);

function refusable(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (isFailure(error) && !isFailure(error, 'bug')) return;
    if (!(error instanceof Error) || !answers.has(error.name)) throw error;
  }
}

it('C-23 small languages are read or refused', async () => {
  await fuzz({
    id: 'C-23',
    name: 'small-languages',
    cases: { smoke: 5_000, full: 1_000_000 },
    make: (random) => mutateText(random, pick(random, texts), texts),
    check(text) {
      refusable(() => parseConnectionString(text));
      refusable(() => parseBlockList(text));
      refusable(() => parseAssignment(text));
      refusable(() => parseStreamLine(text));
      refusable(() => parseMethodPayload(text));
      trustOrTypeError(safely(() => parseUntrustedJson(text)));
      refusable(() => readTpmKey(Buffer.from(text, 'latin1'), 'key'));
      parsePosition(text);
      parseManifestName(text);
      parseDuration(text);
      parseErrorBody(text, text);
      redactText(text);
      matchGlob(text.slice(0, 60), text.slice(0, 200));
      const token = parseSasToken(text);
      if (token !== undefined && !/^[\d.]+$/.test(token.expiry)) throw new Error('an expiry that is no time');
      if (token !== undefined) tokenCovers(token, 'hub.example/devices/dev1');
      if (isDeviceId(text) && /[/\0\s\\]/.test(text)) throw new Error('an id that is none');
      if (isBlobRequest(text)) refusable(() => checkBlobAddress(text));
    },
    show: JSON.stringify,
  });
});

/** What an address names is written as the same address, and no name leads out of its container. */
function checkBlobAddress(text: string): void {
  const { container, blob } = readAddress(text);
  if (blob === undefined || blobNameProblem(blob) !== undefined || containerProblem(container) !== undefined) return;
  if (blob.split('/').some((part) => part === '..' || part === '.')) throw new RangeError('a name with dots');
  const again = readAddress(blobPath({ container, blob }));
  if (blobKey({ container, blob }) !== blobKey({ container: again.container, blob: again.blob ?? '' }))
    throw new RangeError('another blob');
}

/** Its own kind of error is TypeError, so an accident is told by its words. */
function trustOrTypeError(value: JsonValue): void {
  try {
    readTrust(value);
  } catch (error) {
    if (!(error instanceof TypeError) || /cannot read|is not a function|undefined/i.test(error.message)) throw error;
  }
}

function safely(work: () => JsonValue): JsonValue {
  try {
    return work();
  } catch {
    return null;
  }
}

it('C-24 bodies of requests are read or refused', async () => {
  await fuzz({
    id: 'C-24',
    name: 'request-bodies',
    cases: { smoke: 5_000, full: 1_000_000 },
    make: (random) => mutateText(random, pick(random, json), json),
    check(text) {
      const body = safely(() => parseUntrustedJson(text));
      if (body === null) return;
      refusable(() => parseConfiguration('c1', body));
      refusable(() => parseJob('j1', body, 0));
      refusable(() => parseEnrollmentDraft(fieldsOf(body, 'The enrollment'), 'individual', undefined));
      refusable(() => parseMethodRequest(body));
      refusable(() => parseIdentityDraft(fieldsOf(body, 'The identity')));
      for (const element of Array.isArray(body) ? body : [body]) refusable(() => parseElement(element));
    },
    show: JSON.stringify,
  });
});

const key = newKey();
const offers: readonly JsonObject[] = [
  offerOf(manifestFor('image'), key),
  offerOf(manifestFor('other', { version: '9.9.9' }), newKey()),
];
const facts = { trust: trustOf([key]), hardware: 'pump-v2', version: '1.4.0', releaseCounter: 1, slotBytes: 1_000 };

/** One member of a document, somewhere in it, is another value, gone, or twice as long. */
function damageDocument(random: Random, document: JsonObject): JsonObject {
  const copy = structuredClone(document);
  const places: { readonly holder: JsonObject | JsonValue[]; readonly name: string }[] = [];
  const visit = (value: JsonValue): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value)) {
      places.push({ holder: value, name });
      visit((value as JsonObject)[name] ?? null);
    }
  };
  visit(copy);
  const { holder, name } = pick(random, places);
  const target = holder as JsonObject;
  const present = target[name] ?? null;
  switch (below(random, 5)) {
    case 0:
      delete target[name];
      break;
    case 1:
      target[name] = pick<JsonValue>(random, [null, 0, -1, 2 ** 53, '', 'x', [], {}, true, 1e308, '2'.repeat(300)]);
      break;
    case 2:
      if (typeof present === 'string') target[name] = mutateText(random, present);
      break;
    case 3:
      if (typeof present === 'number') target[name] = present + pick(random, [1, -1, 0.5, 2 ** 31, 2 ** 32]);
      break;
    default:
      target[`${name}x`] = present;
  }
  return copy;
}

it('C-23 offers of firmware that were changed anywhere are not accepted', async () => {
  const [good] = offers;
  if (good === undefined || checkOffer(good, facts).kind !== 'accepted') throw new Error('the good offer is refused');
  await fuzz({
    id: 'C-23',
    name: 'offers',
    cases: { smoke: 800, full: 200_000 },
    make: (random) => damageDocument(random, pick(random, offers)),
    check(offer) {
      const verdict = checkOffer(offer, facts);
      // Only what stands beside the signed part may differ.
      if (verdict.kind === 'accepted' && JSON.stringify(offer['manifest']) !== JSON.stringify(good['manifest']))
        throw new Error('a changed offer is accepted');
    },
    show: JSON.stringify,
  });
});
