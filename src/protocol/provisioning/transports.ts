/** How iotctl itself speaks to the provisioning service as a device. */
export const registrationTransports = ['mqtt', 'mqtt-ws', 'https'] as const;
export type RegistrationTransport = (typeof registrationTransports)[number];
