export { drive, type DriveEnd } from './drive.ts';
export type { ControllerEvent, ControllerHub, ControllerPorts, WorkCounts } from './ports.ts';
export { runController } from './run-controller.ts';
