/** What an agent can be asked for; apart from the use-case, so that a command can declare it without loading it. */
export { agentInterval, allMetrics } from '../../device/index.ts';
