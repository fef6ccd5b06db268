import { fork } from 'node:child_process';
import type { LoadCommands } from './load-commands.ts';

export interface LoadRequest {
  readonly number: number;
  readonly name: keyof LoadCommands;
  readonly argument: unknown;
}

export interface LoadAnswer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process full of peers. */
export interface Load {
  call<Name extends keyof LoadCommands>(
    name: Name,
    argument: Parameters<LoadCommands[Name]>[0],
  ): Promise<Awaited<ReturnType<LoadCommands[Name]>>>;
  readonly pid: number;
  end(): Promise<void>;
}

export function startLoad(): Load {
  const child = fork(new URL('../network-load.ts', import.meta.url), { execArgv: [], stdio: 'inherit' });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let number = 0;
  child.on('message', ({ number: which, result, error }: LoadAnswer) => {
    const call = waiting.get(which);
    waiting.delete(which);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  });
  child.once('close', () => {
    for (const call of waiting.values()) call.reject(new Error('the load program has ended'));
  });
  return {
    call(name, argument) {
      const answer = Promise.withResolvers<unknown>();
      waiting.set(++number, answer);
      child.send({ number, name, argument } satisfies LoadRequest);
      return answer.promise as never;
    },
    pid: child.pid ?? 0,
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
