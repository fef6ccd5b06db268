export type { VirtualClock } from './virtual-clock.ts';
export { createWorld, type World, type WorldOptions } from './world.ts';
export type { ClientOptions, WorldClient, WorldHub, WorldWrite } from './world-client.ts';
export type { WorldDevice } from './world-device.ts';
export { rehearse, type Rehearsal, type RehearsalChange, type RehearsalRequest } from './rehearse.ts';
export type { KnownDevice } from './stage.ts';
export { readFleet } from './read-fleet.ts';
