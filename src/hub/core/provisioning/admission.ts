/** Which enrollment takes a device, by what the device can prove. Source: device.md §5.1. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { registrationIdProblem, type RegistrationAddress } from '../../../protocol/provisioning/index.ts';
import { admitByCertificate } from './admit-by-certificate.ts';
import { admitByToken } from './admit-by-token.ts';
import { unauthorized, type Admission, type AdmissionParts } from './admitted.ts';
import type { RegistrationCredentials } from './service.ts';

/** Finds the enrollment and checks the proof. HubErrors ArgumentInvalid, IotHubUnauthorizedAccess. */
export async function admit(parts: AdmissionParts, credentials: RegistrationCredentials): Promise<Admission> {
  await checkAddress(parts, credentials);
  const { registrationId, token, certificates } = credentials;
  const own = await parts.store.find('individual', registrationId);
  if (token !== undefined) return admitByToken(parts, credentials, token, own);
  if (certificates !== undefined) return admitByCertificate(parts, registrationId, certificates, own);
  throw unauthorized();
}

/** Refuses another id scope like wrong credentials: nobody learns which scope this is. */
export async function checkAddress(
  { idScope }: Pick<AdmissionParts, 'idScope'>,
  address: RegistrationAddress,
): Promise<void> {
  const problem = registrationIdProblem(address.registrationId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The registration id ${problem}.`);
  if (address.idScope.toLowerCase() !== (await idScope()).toLowerCase()) throw unauthorized();
}
