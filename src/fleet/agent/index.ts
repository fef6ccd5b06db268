export { followAgent, type AgentReading, type FollowRequest } from './follow-agent.ts';
export {
  agentDeviceId,
  parseDeviceConnectionString,
  provisionAgent,
  readAllowedScripts,
  startAgent,
  type AgentRequest,
} from './start-agent.ts';
