export { applyPlan, type Applied } from './apply.ts';
export { findConfiguration, planConfigurations, type Plan } from './plan.ts';
export { readConfigurations } from './read-configurations.ts';
