export { deviceSucceeded, followJob } from './follow-job.ts';
export { newJobId } from './job-id.ts';
export { findJobTarget, type JobTarget } from './job-target.ts';
