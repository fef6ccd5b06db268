export { drive, type DriveEnd } from './drive.ts';
export { hostController, type HostedController } from './host-controller.ts';
export { createProgramRunner } from '../gates/index.ts';
export { newHolder, type ControllerEvent, type ControllerHub, type ControllerPorts, type WorkCounts } from './ports.ts';
export { runController, type ControllerOptions } from './run-controller.ts';
