export type { Check } from './check.ts';
export { failureOfChecks, runChecks, type DoctorDependencies } from './run-checks.ts';
