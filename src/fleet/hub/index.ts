export { readProvisioningOptions } from './provisioning-file.ts';
export { connectionOfHub, localProfileName } from './connection.ts';
export { detachHub, type DetachRequest } from './detach-hub.ts';
export { environmentOf, formatEnvironment } from './environment.ts';
export { findHub, stopHub } from './find-hub.ts';
export { keepLocalProfile, type LocalProfile } from './local-profile.ts';
export { runHub } from './run-hub.ts';
export { readLocalStatus } from './status.ts';
