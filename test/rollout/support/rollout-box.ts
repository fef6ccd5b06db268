/** A home with a hub process, and everything that brings firmware to simulated devices: the program itself, as a person runs it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HubInfo } from '../../../src/hub/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { createSandbox, type Sandbox } from '../../e2e/harness/sandbox.ts';
import { freePorts, ownerToken } from '../../e2e/must-hold/support/hub-box.ts';

type Running = ReturnType<Sandbox['start']>;

export interface RolloutBox {
  readonly box: Sandbox;
  readonly info: HubInfo;
  /** Runs the program to its end; an error with all it said when it does not exit 0. */
  iotctl(...words: readonly string[]): Promise<string>;
  /** The same with `-o json`, read. */
  json<Value = JsonObject>(...words: readonly string[]): Promise<Value>;
  /** Starts the program; it ends with the box. */
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** A record of the hub, such as `rollouts/pump-2/state`; undefined when it is not there. */
  record(name: string): Promise<JsonObject | undefined>;
  /** Rows of a query over devices, page by page. */
  query(text: string): Promise<JsonObject[]>;
  close(): Promise<void>;
}

export interface BoxOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** More words for `hub start`. */
  readonly hub?: readonly string[];
  /** Devices connect without TLS, whose memory (some 80 KB for each) is nothing that a rollout is to blame for. */
  readonly plain?: boolean;
  /**
   * The hub has run before. At the first start of a version Node.js compiles everything, and from source takes the types away, with what stays
   * in memory: some 35 MB that no hub has after an update and a restart, nor one that was installed.
   */
  readonly ranBefore?: boolean;
}

export async function openRolloutBox({
  env = {},
  hub = [],
  plain = false,
  ranBefore = false,
}: BoxOptions = {}): Promise<RolloutBox> {
  const box = await createSandbox();
  const running: Running[] = [];
  const start: RolloutBox['start'] = (words, more = {}) => {
    const started = box.start(words, { env: { ...env, ...more } });
    running.push(started);
    return started;
  };
  const close = async (): Promise<void> => {
    for (const { child } of running.toReversed()) child.kill('SIGTERM');
    await Promise.allSettled(running.map(({ finished }) => finished));
    await box.remove();
  };
  const readyFile = join(box.directory, 'ready.json');
  try {
    const ports = freePorts.map((word, index) => (plain && freePorts[index - 1] === '--mqtts-port' ? 'off' : word));
    const words = ['hub', 'start', ...ports, '--ready-file', readyFile, ...hub];
    if (ranBefore) {
      const first = start(words);
      await first.says('the hub is ready');
      first.child.kill('SIGTERM');
      await first.finished;
    }
    await start(words).says('the hub is ready');
    const info = JSON.parse(await readFile(readyFile, 'utf8')) as HubInfo;
    return { ...callsOf(box, env), ...requestsOf(info), box, info, start, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function callsOf(box: Sandbox, env: Readonly<Record<string, string>>): Pick<RolloutBox, 'iotctl' | 'json'> {
  const iotctl: RolloutBox['iotctl'] = async (...words) => {
    const { stdout, stderr, code } = await box.run(words, { env });
    if (code !== 0) throw new Error(`iotctl ${words.join(' ')} exited ${code}:\n${stderr}${stdout}`);
    return stdout;
  };
  return {
    iotctl,
    async json<Value>(...words: readonly string[]) {
      return JSON.parse(await iotctl(...words, '-o', 'json')) as Value;
    },
  };
}

function requestsOf(info: HubInfo): Pick<RolloutBox, 'record' | 'query'> {
  const token = ownerToken(info, 86_400);
  const ask = (
    path: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> =>
    fetch(`http://127.0.0.1:${info.ports.http}${path}?api-version=2021-04-12`, {
      ...init,
      headers: { authorization: token, 'content-type': 'application/json', ...init.headers },
    });
  return {
    async record(name) {
      const answer = await ask(`/iotctl/records/${name}`);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`record ${name}: ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { value: JsonObject }).value;
    },
    async query(text) {
      const rows: JsonObject[] = [];
      let continuation: string | undefined;
      do {
        const answer: Response = await ask('/devices/query', {
          method: 'POST',
          body: JSON.stringify({ query: text }),
          headers: {
            'x-ms-max-item-count': '1000',
            ...(continuation !== undefined && { 'x-ms-continuation': continuation }),
          },
        });
        if (!answer.ok) throw new Error(`${text}: ${answer.status} ${await answer.text()}`);
        rows.push(...((await answer.json()) as JsonObject[]));
        continuation = answer.headers.get('x-ms-continuation') ?? undefined;
      } while (continuation !== undefined && continuation !== '');
      return rows;
    },
  };
}
