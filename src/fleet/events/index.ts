export type { DeviceEvent, EventType } from './device-event.ts';
export { tailEvents, tailMessageEvents } from './tail-events.ts';
export { tailFeedback } from './tail-feedback.ts';
