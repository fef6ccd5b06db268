export { measureGate } from './measure-gate.ts';
export { createProgramRunner } from './run-program.ts';
export type { GatePorts, GateSubject, RunProgram } from './subject.ts';
