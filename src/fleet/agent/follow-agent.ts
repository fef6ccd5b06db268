import type { AgentEvent, AgentSummary } from '../../device/index.ts';
import type { JsonObject } from '../../std/json.ts';
import { eventQueue } from '../../std/event-queue.ts';
import { startAgent, type AgentRequest } from './start-agent.ts';

/** A reading as an operator sees it. */
export interface AgentReading {
  readonly deviceId: string;
  /** ISO 8601. */
  readonly time: string;
  readonly body: JsonObject;
  /** Readings in the outbox, this one included until the hub has it. */
  readonly waiting: number;
}

export interface FollowRequest extends Omit<AgentRequest, 'onEvent'> {
  /** Everything that is not a reading. */
  readonly onNews: (event: Exclude<AgentEvent, { kind: 'reading' }>) => void;
  readonly onEnd: (summary: AgentSummary) => void;
}

/** Readings kept for a reader that does not keep up; the hub gets all of them either way. */
const unread = 1_000;

/** Runs the agent and gives its readings as they are taken. Ends with the signal or after one reading; failures are the agent's. */
export async function* followAgent(request: FollowRequest): AsyncGenerator<readonly AgentReading[], void, undefined> {
  const { onNews, onEnd, ...rest } = request;
  const { clock, credentials } = rest;
  const queue = eventQueue<AgentReading>(unread);
  const stop = new AbortController();
  const running = startAgent({
    ...rest,
    signal: AbortSignal.any([rest.signal, stop.signal]),
    onEvent: (event) => {
      if (event.kind !== 'reading') onNews(event);
      else {
        const { body, waiting } = event;
        queue.push({ deviceId: credentials.deviceId, time: new Date(clock.now()).toISOString(), body, waiting });
      }
    },
  });
  const ending = running.then(onEnd).then(
    () => queue.end(),
    (error: unknown) => queue.end(error),
  );
  try {
    yield* queue;
  } finally {
    // The reader has gone, perhaps before the agent.
    stop.abort();
    await ending;
  }
}
