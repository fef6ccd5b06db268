/** Which parts of iotctl a hub can serve: the cloud's tiers differ, firewalls differ, and some things only iotctl's own hub has. */
import type { Connection } from '../config/profile.ts';
import { hubStatusPath } from '../protocol/hub-status.ts';
import type { Clock } from '../std/clock.ts';
import { amqpEndpointOf } from './amqp/endpoint.ts';
import { chooseAmqpRoute } from './amqp-route.ts';

export interface ServedPart {
  readonly part: 'devices' | 'twins' | 'messages' | 'extensions';
  /** Undefined where the hub's answer says nothing about it. */
  readonly served: boolean | undefined;
  /** In words. */
  readonly detail: string;
}

/** The head of an answer. */
export interface ProbeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ServedPartsRequest {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** The answers to reading a device and a twin. */
  readonly device: ProbeAnswer;
  readonly twin: ProbeAnswer;
  /** Asks for a path of the service API. */
  readonly ask: (path: string) => Promise<ProbeAnswer>;
}

/** One line for each part. */
export async function findServedParts(request: ServedPartsRequest): Promise<readonly ServedPart[]> {
  const { device, twin } = request;
  const [messages, extensions] = await Promise.all([messagesOf(request), extensionsOf(request)]);
  return [
    { part: 'devices', served: answers(device), detail: 'devices, modules, queries, configurations' },
    twinsOf(twin),
    messages,
    extensions,
  ];
}

/** A missing device and a refusal both come from a part that is there. */
function answers({ status }: ProbeAnswer): boolean | undefined {
  return status < 500 && status !== 429 ? true : undefined;
}

function twinsOf(answer: ProbeAnswer): ServedPart {
  const isMissing =
    answer.status === 403 && answer.headers['iothub-errorcode'] === 'OperationNotAvailableInCurrentTier';
  return isMissing
    ? {
        part: 'twins',
        served: false,
        detail: 'a hub of the basic tier has no twins, commands, jobs or messages to devices',
      }
    : { part: 'twins', served: answers(answer), detail: 'twins, commands, jobs' };
}

async function messagesOf({ connection, clock, signal }: ServedPartsRequest): Promise<ServedPart> {
  const { amqpUrl, amqpWebSockets: mode, kind } = connection;
  if (amqpUrl === undefined && kind === 'local')
    return noMessages('the profile has no AMQP address: iotctl hub start makes a new one');
  const { host, port, secure } = amqpEndpointOf(connection);
  const route = await chooseAmqpRoute({ host, port, mode: secure ? mode : 'auto', clock, signal });
  if (route === 'websocket' && !secure) return noMessages(`nothing listens for AMQP at ${host}:${port}`);
  const why = mode === 'always' ? '' : `; port ${port} does not answer`;
  const way = route === 'tcp' ? `AMQP on port ${port}` : `AMQP over a WebSocket${why}`;
  const withoutTelemetry = connection.auth === 'entra' && connection.eventHubConnectionString === undefined;
  const what = withoutTelemetry ? 'messages to devices, no telemetry' : 'telemetry and messages to devices';
  return { part: 'messages', served: true, detail: `${what} (${way})` };
}

function noMessages(detail: string): ServedPart {
  return { part: 'messages', served: false, detail };
}

async function extensionsOf({ connection, ask }: ServedPartsRequest): Promise<ServedPart> {
  const detail = "the status of the hub, faults and all else that only iotctl's own hub has";
  if (connection.kind === 'cloud') return { part: 'extensions', served: false, detail };
  const { status } = await ask(hubStatusPath);
  if (status === 404 || status === 405) return { part: 'extensions', served: false, detail };
  return { part: 'extensions', served: status === 200 ? true : undefined, detail };
}
