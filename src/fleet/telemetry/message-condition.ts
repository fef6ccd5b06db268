import {
  evaluate,
  readPath,
  type ConditionScope,
  type Expression,
  type PathSegment,
} from '../../protocol/query/index.ts';
import { bodyAsJson, type ParsedBody, type TelemetryMessage } from '../../protocol/telemetry/index.ts';
import { parseWhere } from '../selection/index.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';

/** A condition on messages. */
export interface MessageCondition {
  /** True when the condition looks at the twin of the device. */
  readonly needsTwin: boolean;
  holds(message: TelemetryMessage, twin: JsonObject | undefined): boolean;
}

/** Names that begin a path beside those of the twin; a path that begins with another name is a member of the body. */
const scope: ConditionScope = {
  roots: ['body', '$body', 'properties', 'system', '$twin', 'moduleId', 'enqueuedTime'],
  defaultRoot: 'body',
};

/**
 * Reads a condition in the IoT Hub query language. Names: `temperature`, `body.temperature` or `$body.temperature` (the JSON body),
 * `properties.alert` (an application property, always text), `properties.desired.x`, `properties.reported.x`, `tags.x`, `status`
 * and the like (the twin of the device, also after `$twin.`), `system.[[content-type]]`, `deviceId`, `moduleId` and
 * `enqueuedTime`. Failure: invalid-query.
 */
export function messageCondition(text: string): MessageCondition {
  const expression = parseWhere(text, scope);
  return {
    needsTwin: pathsOf(expression).some((path) => sourceOf(path) === 'twin'),
    holds(message, twin) {
      let body: ParsedBody;
      let bodyRead = false;
      return evaluate(expression, (segments) => {
        const source = sourceOf(segments);
        if (source === 'twin') return readPath(twin, segments[0] === '$twin' ? segments.slice(1) : segments);
        if (source === 'message') return ofMessage(message, segments);
        if (!bodyRead) {
          body = bodyAsJson(message);
          bodyRead = true;
        }
        return readPath(body, segments.slice(1));
      });
    },
  };
}

function sourceOf([root, second]: readonly PathSegment[]): 'body' | 'twin' | 'message' {
  if (root === 'body' || root === '$body') return 'body';
  if (root === 'properties') return second === 'desired' || second === 'reported' ? 'twin' : 'message';
  return root === 'system' || root === 'deviceId' || root === 'moduleId' || root === 'enqueuedTime'
    ? 'message'
    : 'twin';
}

function ofMessage(message: TelemetryMessage, [root, ...rest]: readonly PathSegment[]): JsonValue | undefined {
  if (root === 'deviceId') return message.deviceId;
  if (root === 'moduleId') return message.moduleId;
  if (root === 'enqueuedTime') return message.enqueuedTime;
  const name = rest.join('.');
  return root === 'system'
    ? ownText(message.system as Readonly<Record<string, string>>, name)
    : ownText(message.properties, name);
}

function ownText(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function pathsOf(expression: Expression): readonly (readonly PathSegment[])[] {
  switch (expression.kind) {
    case 'path':
      return [expression.segments];
    case 'not':
    case 'negate':
    case 'in':
      return pathsOf(expression.operand);
    case 'and':
    case 'or':
    case 'compare':
    case 'arithmetic':
      return [...pathsOf(expression.left), ...pathsOf(expression.right)];
    case 'call':
      return expression.args.flatMap(pathsOf);
    case 'literal':
    case 'array':
      return [];
  }
}
