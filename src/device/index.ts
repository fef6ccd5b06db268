export { connectDevice, hopeless, type ConnectOptions } from './connection/connect.ts';
export {
  openDevice,
  type DeviceConnection,
  type DeviceCredentials,
  type DeviceLimits,
  type DeviceOptions,
} from './connection/device-connection.ts';
export { parseEndpoint } from './connection/endpoint.ts';
export type { LinkState } from './connection/link-keeper.ts';
export type { DeviceEndpoint, Link, LinkOptions, OpenLink } from './connection/link.ts';
export { problem, type MethodHandler } from './connection/method-channel.ts';
export type { TelemetryOptions } from './connection/telemetry-codec.ts';
export type { DesiredChange, DesiredListener } from './connection/twin-channel.ts';
export { models, type Model, type Reading } from './models/index.ts';
export { intervalBounds } from './simulator/simulated-device.ts';
export {
  startSimulation,
  type Simulation,
  type SimulationOptions,
  type SimulationStats,
} from './simulator/simulation.ts';
export { runAgent, type AgentEvent, type AgentOptions, type AgentSummary } from './agent/agent.ts';
export { agentInterval } from './agent/agent-settings.ts';
export { allMetrics, isMetric, metrics, type Metric, type Readings } from './agent/readings.ts';
export type { AllowedScripts } from './agent/scripts.ts';
