export { createMqttFront, type MqttFront, type MqttFrontOptions, type PeerFacts } from './front.ts';
export { defaultMqttLimits, type MqttLimits } from './limits.ts';
