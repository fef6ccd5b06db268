export { parsePlan } from './plan-document.ts';
export { planDrift, type PlanDrift } from './plan-drift.ts';
export { planRollout, type PlanRequest } from './plan-rollout.ts';
