export { createMqttFront, type MqttFront } from './front.ts';
export type { MqttLimits } from './limits.ts';
