export {
  decodeBag,
  encodeBag,
  encodeProperties,
  isUuidProperty,
  stampBag,
  type PropertyBag,
  type UuidProperty,
} from './bag.ts';
export { parsePublishTopic, telemetryBag, type DeviceTopic } from './device-topics.ts';
export { classifyFilter, matchesFilter, type FilterKind } from './filters.ts';
export { parseDesiredTopic, parseMethodRequestTopic, parseTwinResponse } from './hub-topics.ts';
export {
  desiredFilter,
  desiredTopic,
  messagesFilter,
  messageTopic,
  methodRequestTopic,
  methodResponseTopic,
  methodsFilter,
  telemetryTopic,
  twinGetTopic,
  twinPatchTopic,
  twinResponseTopic,
  twinResponsesFilter,
} from './topics.ts';
export { formatMqttUsername, parseMqttUsername, type MqttUsername } from './username.ts';
