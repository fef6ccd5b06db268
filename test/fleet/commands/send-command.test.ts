import { describe, expect, it } from 'vitest';
import { Failure, type FailureCode } from '../../../src/errors/index.ts';
import {
  countResult,
  describeSummary,
  emptyCommandSummary,
  failureOfSummary,
  sendCommand,
  sendCommands,
  succeeded,
  type CommandResult,
  type SendOptions,
} from '../../../src/fleet/commands/index.ts';
import type { MethodRequest } from '../../../src/protocol/method.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { collect, failureOf, memoryHub, type MemoryHub } from '../../support/memory-hub.ts';

const request: MethodRequest = {
  methodName: 'ping',
  payload: null,
  responseTimeoutInSeconds: 30,
  connectTimeoutInSeconds: 0,
};

/** A hub whose device fails with these one after the other, then answers. */
function failing(...failures: (FailureCode | Failure)[]): MemoryHub {
  const hub = memoryHub();
  const left = [...failures];
  hub.onInvoke = () => {
    const next = left.shift();
    if (next !== undefined) throw next instanceof Failure ? next : new Failure(next, next);
    return { status: 200, payload: 'pong' };
  };
  return hub;
}

async function send(hub: MemoryHub, options: SendOptions): Promise<CommandResult> {
  const clock = fakeClock();
  const result = sendCommand(hub, clock, 'd', request, options);
  await clock.advance(60_000);
  return result;
}

describe('a command to one device', () => {
  it('gives the answer, whatever its status', async () => {
    const hub = memoryHub();
    hub.onInvoke = () => ({ status: 404, payload: { no: 'such command' } });
    const result = await send(hub, {});
    expect(result).toMatchObject({ deviceId: 'd', status: 404, payload: { no: 'such command' }, attempts: 1 });
    expect(succeeded(result)).toBe(false);
  });

  it('when the device is offline, then it is tried again as often as asked, and no more', async () => {
    expect(await send(failing('device-offline', 'device-offline'), { retries: 2 })).toMatchObject({
      status: 200,
      attempts: 3,
    });
    const hub = failing('device-offline', 'device-offline');
    expect(await send(hub, { retries: 1 })).toMatchObject({ failure: { code: 'device-offline' }, attempts: 2 });
    expect(await send(failing('device-offline'), {})).toMatchObject({
      failure: { code: 'device-offline' },
      attempts: 1,
    });
  });

  it('when the command may have run, then it is not sent again unless that is asked for', async () => {
    for (const code of ['device-no-answer', 'hub-unreachable'] as const) {
      const once = failing(code);
      expect(await send(once, { retries: 5 })).toMatchObject({ failure: { code }, attempts: 1 });
      expect(once.invoked).toHaveLength(1);
      expect(await send(failing(code), { retries: 5, retryUnanswered: true })).toMatchObject({
        status: 200,
        attempts: 2,
      });
    }
  });

  it('when nothing was sent because nobody listens, then it is tried again', async () => {
    const refused = new Failure('hub-unreachable', 'nothing listens', { details: { cause: 'ECONNREFUSED' } });
    expect(await send(failing(refused), { retries: 1 })).toMatchObject({ status: 200, attempts: 2 });
  });

  it('when the device does not exist, then trying again is of no use', async () => {
    expect(await send(failing('device-not-found'), { retries: 5, retryUnanswered: true })).toMatchObject({
      attempts: 1,
    });
  });

  it('when the signal aborts while it waits, then it ends at once', async () => {
    const controller = new AbortController();
    const clock = fakeClock();
    const sending = failureOf(
      sendCommand(failing('device-offline'), clock, 'd', request, { retries: 1, signal: controller.signal }),
    );
    await clock.advance(100);
    controller.abort(new Failure('interrupted', 'interrupted'));
    expect(await sending).toMatchObject({ code: 'interrupted' });
  });
});

describe('a command to many devices', () => {
  const outcomes: Readonly<Record<string, FailureCode | number>> = {
    a: 200,
    b: 'device-offline',
    c: 500,
    d: 'device-no-answer',
    e: 'device-not-found',
  };

  function mixed(): MemoryHub {
    const hub = memoryHub();
    hub.onInvoke = (deviceId) => {
      const outcome = outcomes[deviceId] ?? 200;
      if (typeof outcome === 'number') return { status: outcome, payload: null };
      throw new Failure(outcome, outcome);
    };
    return hub;
  }

  it('gives a result for each, and a summary that says how it went', async () => {
    const results = await collect(
      sendCommands(mixed(), fakeClock(), Object.keys(outcomes), request, { concurrency: 2 }),
    );
    expect(results).toHaveLength(5);
    const summary = emptyCommandSummary();
    for (const result of results) countResult(summary, result);
    expect(summary).toEqual({ total: 5, succeeded: 1, refused: 1, offline: 1, unanswered: 1, other: 1 });
    expect(describeSummary(summary)).toBe(
      '1 of 5 devices succeeded; 1 answered with a failure, 1 offline, 1 gave no answer, 1 failed otherwise',
    );
    expect(failureOfSummary(summary, 'ping')).toMatchObject({ code: 'partial', exitCode: 7 });
  });

  it('when all were offline, then that is what it ends with; when all succeeded, with nothing', () => {
    const counts = { ...emptyCommandSummary(), total: 3, offline: 3 };
    expect(failureOfSummary(counts, 'ping')).toMatchObject({ code: 'device-offline', exitCode: 6 });
    expect(failureOfSummary({ ...emptyCommandSummary(), total: 3, succeeded: 3 }, 'ping')).toBeUndefined();
  });

  it('never has more on their way than allowed', async () => {
    const hub = memoryHub();
    let running = 0;
    let most = 0;
    hub.onInvoke = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { status: 200, payload: null };
    };
    const ids = Array.from({ length: 40 }, (_, index) => `d${index}`);
    await collect(sendCommands(hub, fakeClock(), ids, request, { concurrency: 4 }));
    expect(most).toBe(4);
  });

  it('when the credentials are refused, then it stops instead of asking for every device', async () => {
    const hub = memoryHub();
    hub.onInvoke = () => {
      throw new Failure('not-authorised', 'no');
    };
    const ids = Array.from({ length: 100 }, (_, index) => `d${index}`);
    expect(await failureOf(collect(sendCommands(hub, fakeClock(), ids, request, { concurrency: 2 })))).toMatchObject({
      code: 'not-authorised',
    });
    expect(hub.invoked.length).toBeLessThan(10);
  });

  it('when the signal aborts, then no other device gets the command', async () => {
    const controller = new AbortController();
    const hub = memoryHub();
    hub.onInvoke = () => {
      if (hub.invoked.length === 3) controller.abort(new Failure('interrupted', 'interrupted'));
      return { status: 200, payload: null };
    };
    const ids = Array.from({ length: 50 }, (_, index) => `d${index}`);
    expect(
      await failureOf(
        collect(sendCommands(hub, fakeClock(), ids, request, { concurrency: 1, signal: controller.signal })),
      ),
    ).toMatchObject({
      code: 'interrupted',
    });
    expect(hub.invoked).toHaveLength(3);
  });
});
