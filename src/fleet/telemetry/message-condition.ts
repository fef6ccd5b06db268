import { Failure } from '../../errors/index.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { evaluate, parseCondition, type Expression, type PathSegment } from '../../protocol/query/index.ts';
import { bodyAsJson, type ParsedBody, type TelemetryMessage } from '../../protocol/telemetry/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** A condition on messages. */
export interface MessageCondition {
  /** True when the condition looks at the twin of the device. */
  readonly needsTwin: boolean;
  holds(message: TelemetryMessage, twin: JsonObject | undefined): boolean;
}

/** Members of a twin that stand at its top and may be named in a condition. */
const twinMembers: ReadonlySet<string> = new Set([
  'tags',
  'status',
  'statusReason',
  'connectionState',
  'lastActivityTime',
  'authenticationType',
  'modelId',
  'version',
  'capabilities',
]);

/** System properties by the names that message routing gives them. Source: service.md §9.7. */
const systemNames: Readonly<Record<string, string>> = {
  $contentType: 'content-type',
  $contentEncoding: 'content-encoding',
  $messageId: 'message-id',
  $correlationId: 'correlation-id',
  $userId: 'user-id',
};

/**
 * Reads a condition in the IoT Hub query language. Names: `body.x` or `$body.x` (the JSON body), `tags.x`, `properties.desired.x`,
 * `properties.reported.x`, `status` and the like (the twin, also after `$twin.`), `deviceId`, `$contentType` and its like, and any
 * other name an application property, also after `properties.`. Failure: invalid-query.
 */
export function messageCondition(text: string): MessageCondition {
  const expression = parseWhere(text);
  return {
    needsTwin: pathsOf(expression).some((path) => sourceOf(path) === 'twin'),
    holds(message, twin) {
      let body: ParsedBody;
      let bodyRead = false;
      return evaluate(expression, (segments) => {
        const source = sourceOf(segments);
        if (source === 'twin') return walk(twin, withoutPrefix(segments, '$twin'));
        if (source === 'property') return propertyOf(message, segments);
        if (!bodyRead) {
          body = bodyAsJson(message);
          bodyRead = true;
        }
        return walk(body, segments.slice(1));
      });
    },
  };
}

/** Parses a condition for the command line. Failure: invalid-query. */
export function parseWhere(text: string): Expression {
  try {
    return parseCondition(text);
  } catch (error) {
    if (error instanceof HubError) throw new Failure('invalid-query', `--where: ${error.message}`, { cause: error });
    throw error;
  }
}

function sourceOf(segments: readonly PathSegment[]): 'body' | 'twin' | 'property' {
  const [root, second] = segments;
  if (root === 'body' || root === '$body') return 'body';
  if (root === '$twin') return 'twin';
  if (root === 'properties') return second === 'desired' || second === 'reported' ? 'twin' : 'property';
  return typeof root === 'string' && twinMembers.has(root) ? 'twin' : 'property';
}

function propertyOf(message: TelemetryMessage, segments: readonly PathSegment[]): JsonValue | undefined {
  const name = withoutPrefix(segments, 'properties').join('.');
  if (Object.hasOwn(message.properties, name)) return message.properties[name];
  if (name === 'deviceId' || name === '$connectionDeviceId') return message.deviceId;
  if (name === 'moduleId') return message.moduleId;
  if (name === 'enqueuedTime' || name === '$enqueuedTime') return message.enqueuedTime;
  const system = message.system as Readonly<Record<string, string>>;
  const systemName = Object.hasOwn(systemNames, name) ? systemNames[name] : undefined;
  return systemName !== undefined && Object.hasOwn(system, systemName) ? system[systemName] : undefined;
}

function withoutPrefix(segments: readonly PathSegment[], prefix: string): readonly PathSegment[] {
  return segments[0] === prefix ? segments.slice(1) : segments;
}

function walk(value: JsonValue | undefined, segments: readonly PathSegment[]): JsonValue | undefined {
  let node = value;
  for (const segment of segments) {
    if (Array.isArray(node)) node = typeof segment === 'number' ? node[segment] : undefined;
    else if (isJsonObject(node) && Object.hasOwn(node, segment)) node = node[segment];
    else return undefined;
  }
  return node;
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
