/** A device's side of a hub: one device, this machine as one, or a simulated fleet. */
export { agentInterval } from './agent/agent-settings.ts';
export { runAgent, type AgentEvent, type AgentOptions, type AgentSummary } from './agent/agent.ts';
export type { FirmwareOptions } from './firmware/files/open-firmware.ts';
export { allMetrics, type Metric } from './agent/readings.ts';
export { connectDevice, type ConnectOptions } from './connection/connect.ts';
export { openDevice, type DeviceConnection, type DeviceCredentials } from './connection/device-connection.ts';
export { parseEndpoint } from './connection/endpoint.ts';
export type { LinkState } from './connection/link-keeper.ts';
export type { DeviceEndpoint } from './connection/link.ts';
export type { MethodHandler } from './connection/method-channel.ts';
export { models, type Model } from './models/index.ts';
export { Reporter } from './reporter.ts';
export {
  assignFaults,
  formatFaults,
  parseFaults,
  type DeviceFaults,
  type Faults,
} from './simulator/firmware/faults.ts';
export type { FirmwareCondition, FirmwareStart, SimulatedFirmware } from './simulator/firmware/index.ts';
export type { FleetFirmwareOptions } from './simulator/firmware/fleet-firmware.ts';
export { loadFirmwareSimulator } from './simulator/firmware/load.ts';
export { startSimulation, type Simulation, type SimulationStats } from './simulator/simulation.ts';
export type { RegistrationEndpoint, RegistrationProof } from './provisioning/channel.ts';
export { registerDevice, type Assigned } from './provisioning/register.ts';
