export {
  agentDeviceId,
  parseDeviceConnectionString,
  provisionAgent,
  readAllowedScripts,
  startAgent,
  type AgentRequest,
} from './start-agent.ts';
