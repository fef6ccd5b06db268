export { bodyAsJson, bodyAsText } from './body.ts';
export { fromStreamMessage, parseStreamLine } from './lines.ts';
export {
  eventSources,
  messageSources,
  type AuthMethod,
  type MessageSource,
  type ParsedBody,
  type SystemProperties,
  type TelemetryMessage,
} from './message.ts';
export { formatPosition, parsePosition } from './position.ts';
export { streamPath, type Position, type StreamLine, type StreamMark, type StreamMessage } from './stream.ts';
