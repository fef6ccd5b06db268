export { readHubStatus, type HubStatus } from '../../client/index.ts';
