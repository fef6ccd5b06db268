export { followAgent, type AgentReading, type FollowRequest } from './follow-agent.ts';
export {
  agentDeviceId,
  parseDeviceConnectionString,
  provisionAgent,
  readAllowedScripts,
  startAgent,
} from './start-agent.ts';
