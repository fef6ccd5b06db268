import { Failure } from '../../errors/index.ts';
import { readHubState, type HubState } from '../../hub/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';

/** The hub that runs on this data directory. Failure: hub-not-running. */
export async function findHub(dataDir: string): Promise<HubState> {
  const state = await readHubState(dataDir);
  if (state === undefined) {
    throw new Failure('hub-not-running', `no hub runs on ${dataDir}`, { details: { dataDir } });
  }
  return state;
}

interface StopRequest {
  readonly dataDir: string;
  readonly timeoutMs: number;
  /** Asks a process to end; false when there is none. */
  readonly terminate: (pid: number) => boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const pollMs = 50;

/** Asks the hub to stop and waits until it has. Failures: hub-not-running, timed-out. */
export async function stopHub(request: StopRequest): Promise<HubState> {
  const state = await findHub(request.dataDir);
  if (!request.terminate(state.pid))
    throw new Failure('hub-not-running', `the hub on ${request.dataDir} has just ended`);
  const deadline = request.clock.monotonic() + request.timeoutMs;
  while ((await readHubState(request.dataDir))?.pid === state.pid) {
    if (request.clock.monotonic() >= deadline) {
      throw new Failure('timed-out', `the hub (process ${state.pid}) has not stopped yet`, {
        hint: 'give it longer with --timeout',
      });
    }
    await sleep(request.clock, pollMs, request.signal);
  }
  return state;
}
