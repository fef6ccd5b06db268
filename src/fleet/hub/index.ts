export { connectionOfHub, localProfileName } from './connection.ts';
export { detachHub, type DetachRequest } from './detach-hub.ts';
export {
  environmentFormats,
  environmentOf,
  formatEnvironment,
  type EnvironmentFormat,
  type EnvironmentVariable,
} from './environment.ts';
export { findHub, stopHub, type StopRequest } from './find-hub.ts';
export { keepLocalProfile, type LocalProfile } from './local-profile.ts';
export { runHub, type HubRun, type RunHubRequest } from './run-hub.ts';
