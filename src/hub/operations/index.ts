export { openOperations } from './open-operations.ts';
export type { Operations } from './operations.ts';
export { createOperationsServer } from './server.ts';
