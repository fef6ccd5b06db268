export { bareHost, deviceCredentials, deviceEndpoint, type AccessHub, type DeviceAddress } from './device-access.ts';
export { readFaults } from './read-faults.ts';
export { simulatedIds, simulateFleet, type SimulationReport, type SimulationRequest } from './simulate-fleet.ts';
