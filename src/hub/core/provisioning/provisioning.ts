/** The provisioning service over the documents of a store. */
import { randomBytes } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import { createLatestNow } from '../../../std/latest-now.ts';
import type { RegistryStore } from '../ports.ts';
import type { RegistryService, TwinService } from '../services.ts';
import type { CertificateService } from '../certificates/service.ts';
import type { AdmissionParts } from './admitted.ts';
import { createEnrollments } from './enrollments.ts';
import { createEnrollmentStore } from './enrollment-store.ts';
import { viewGroup, viewIndividual } from './enrollment-view.ts';
import { createLocalHub } from './local-hub.ts';
import type { AllocationWebhook, LatencyTable, LinkedHub } from './ports.ts';
import { createDeviceRegistration } from './registrations.ts';
import { createRegistrationService, viewRegistration } from './registration-service.ts';
import { createRegistrationStore, type RegistrationStore } from './registration-store.ts';
import type { ProvisioningService } from './service.ts';
import { createTpmSeals } from './tpm/seals.ts';

/** What whoever starts the hub may say about provisioning. */
export interface ProvisioningSettings {
  /** The carried hub's name as devices are told it. */
  readonly hubHostName: string;
  /** Hubs beside the carried one. */
  readonly linkedHubs?: readonly LinkedHub[] | undefined;
  readonly webhook?: AllocationWebhook | undefined;
  readonly latency?: LatencyTable | undefined;
}

export interface ProvisioningParts extends ProvisioningSettings {
  readonly store: Pick<RegistryStore, 'documents' | 'readSetting' | 'writeSetting'>;
  /** The hub's authorities are the service's too; none when absent. */
  readonly certificates?: Pick<CertificateService, 'get'> | undefined;
  readonly registry: RegistryService;
  readonly twins: TwinService;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const idScopeSetting = 'idScope';
/** Long enough for a webhook that is quick; a registration without one is done long before. */
const retryAfterSeconds = 1;

export function createProvisioning(parts: ProvisioningParts): ProvisioningService {
  const { clock, onError } = parts;
  const now = (): number => clock.now();
  const idScope = once(() => loadIdScope(parts.store));
  const store = createEnrollmentStore(parts.store.documents, clock);
  const registrations = createRegistrationStore(parts.store.documents);
  const tpm = createTpmSeals(now);
  const hubs = [createLocalHub({ ...parts, hostName: parts.hubHostName }), ...(parts.linkedHubs ?? [])];
  const assignment = {
    hubs: () => hubs,
    webhook: parts.webhook ?? (() => Promise.reject(new Error('this hub calls no webhooks'))),
    latency: parts.latency ?? (() => undefined),
    now,
    onError,
  };
  const admission: AdmissionParts = {
    store,
    idScope,
    now: createLatestNow(parts.clock),
    authorities: (names) => verifiedAuthorities(parts.certificates, names),
    tpmKey: (registrationId) => tpm.challengeKey(registrationId),
  };
  return {
    idScope,
    enrollments: createEnrollments({
      kind: 'individual',
      store,
      async view(stored, secrets) {
        const found = await registrations.find(stored.id);
        const own = found?.groupId === undefined ? found : undefined;
        const registration = own === undefined ? undefined : viewRegistration(own, stored);
        return viewIndividual(stored, { secrets, registration });
      },
      async removed(id) {
        const found = await registrations.find(id);
        if (found !== undefined && found.groupId === undefined) await registrations.remove(found);
      },
    }),
    groups: createEnrollments({
      kind: 'group',
      store,
      view: (stored, secrets) => Promise.resolve(viewGroup(stored, { secrets })),
      removed: (id) => removeRegistrations(registrations, id),
    }),
    registrations: createRegistrationService({ store, registrations, assignment }),
    devices: createDeviceRegistration({ admission, assignment, registrations, tpm, retryAfter: retryAfterSeconds }),
  };
}

/** Certificates of the verified ones among these names. */
async function verifiedAuthorities(
  certificates: ProvisioningParts['certificates'],
  names: readonly string[],
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  if (certificates === undefined) return found;
  for (const name of names) {
    const authority = await certificates.get(name).catch(absentAuthority);
    if (authority?.properties.isVerified === true) found.push(Buffer.from(authority.properties.certificate, 'base64'));
  }
  return found;
}

function absentAuthority(error: unknown): undefined {
  if (error instanceof HubError && error.status === 404) return undefined;
  throw error;
}

const removalStep = 500;

async function removeRegistrations(registrations: RegistrationStore, groupId: string): Promise<void> {
  for (let after: string | undefined; ;) {
    const page = await registrations.ofGroup(groupId, { limit: removalStep, after });
    for (const { registration } of page) if (registration !== undefined) await registrations.remove(registration);
    after = page.at(-1)?.key;
    if (page.length < removalStep) return;
  }
}

/** Made at the first start, in the form of those in the cloud. */
async function loadIdScope(store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>): Promise<string> {
  const stored = await store.readSetting(idScopeSetting);
  if (typeof stored === 'string') return stored;
  const made = `0ne${randomBytes(4).toString('hex').toUpperCase()}`;
  await store.writeSetting(idScopeSetting, made);
  return made;
}

/** Calls `work` at the first use; a failure is not kept. */
function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= work().catch((error: unknown) => {
      value = undefined;
      throw error;
    });
    return value;
  };
}
