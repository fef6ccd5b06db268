export { newJobId } from './job-id.ts';
export { findJobTarget } from './job-target.ts';
