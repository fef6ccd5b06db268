export { readHubStatus } from '../../client/index.ts';
