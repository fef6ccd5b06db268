export type { DemoConnection, DemoEvent, DemoSummary } from './events.ts';
export { runDemo } from './run-demo.ts';
export type { DemoOptions } from './stage.ts';
