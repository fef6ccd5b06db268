export { createEventHubsRoute, type EventHubsOptions } from './route.ts';
