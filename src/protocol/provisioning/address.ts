/** How a registration is named: the same three parts in tokens, user names and AMQP addresses. Source: device.md §5.1, §5.2, §5.6. */
import { percentDecode } from '../mqtt/pairs.ts';

export interface RegistrationAddress {
  readonly idScope: string;
  readonly registrationId: string;
}

export const provisioningApiVersion = '2019-03-31';

export function registrationPath({ idScope, registrationId }: RegistrationAddress): string {
  return `${idScope}/registrations/${registrationId}`;
}

/**
 * Reads `{idScope}/registrations/{registrationId}`, with or without further segments behind it; undefined when the text is
 * something else.
 */
export function parseRegistrationPath(text: string): RegistrationAddress | undefined {
  const [idScope, word, registrationId] = text.split('/');
  if (!idScope || word?.toLowerCase() !== 'registrations' || !registrationId) return undefined;
  return { idScope, registrationId: percentDecode(registrationId) };
}

/**
 * Reads the user name of an MQTT CONNECT to the provisioning service, which has a fourth segment with the api-version; undefined
 * when it is another, such as that of a device called `registrations`.
 */
export function parseProvisioningUsername(text: string): RegistrationAddress | undefined {
  const [, , , parameters] = text.split('/');
  if (parameters === undefined || !/(?:^|&)api-version=/.test(parameters)) return undefined;
  return parseRegistrationPath(text);
}

export function formatProvisioningUsername(address: RegistrationAddress, clientVersion: string): string {
  return `${registrationPath(address)}/api-version=${provisioningApiVersion}&ClientVersion=${encodeURIComponent(clientVersion)}`;
}
