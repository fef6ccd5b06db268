export type { DemoConnection, DemoEvent } from './events.ts';
export { runDemo } from './run-demo.ts';
export type { DemoOptions } from './stage.ts';
