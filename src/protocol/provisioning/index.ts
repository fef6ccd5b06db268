export {
  formatProvisioningUsername,
  parseProvisioningUsername,
  parseRegistrationPath,
  provisioningApiVersion,
  registrationPath,
  type RegistrationAddress,
} from './address.ts';
export { deriveDeviceKey } from './derived-key.ts';
export type * from './documents.ts';
export { allocationPolicies, bulkEnrollmentLimit, bulkEnrollmentModes } from './documents.ts';
export type { RegistrationTransport } from './transports.ts';
export { canonicalRegistrationId, registrationIdProblem } from './registration-id.ts';
export {
  operationStatusTopic,
  parseRegistrationResponse,
  parseRegistrationTopic,
  registerTopic,
  registrationResponsesFilter,
  registrationResponseTopic,
  type RegistrationTopic,
} from './topics.ts';
