import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CommandContext } from '../../src/cli/context.ts';
import type { CommandDeclaration } from '../../src/cli/define-command.ts';
import type { Rooms } from '../../src/cli/rooms.ts';
import { run } from '../../src/cli/run.ts';
import { Failure } from '../../src/errors/index.ts';
import { sleep } from '../../src/std/clock.ts';
import { emptyRooms, fakeSystem, runLine, type CapturedStream } from './support/fake-terminal.ts';
import { tableOf } from './support/test-output.ts';

function failing(thrown: unknown): ReturnType<typeof tableOf> {
  return tableOf({
    async run() {
      throw thrown;
    },
  });
}

const missing = new Failure('device-not-found', 'there is no device "dev-9\u001b[2J"', {
  details: { deviceId: 'dev-9' },
});

describe('a failure', () => {
  test('is a line and a hint on stderr, with its exit code', async () => {
    expect(await runLine(failing(missing), { argv: ['show'] })).toEqual({
      stdout: '',
      stderr: 'error: there is no device "dev-9\\x1b[2J"\nhint: iotctl device list\n',
      code: 3,
    });
  });

  test.each(['json', 'ndjson'])('is one JSON object on stderr with -o %s', async (format) => {
    const { stdout, stderr, code } = await runLine(failing(missing), { argv: ['show', '-o', format] });
    expect({ stdout, code, lines: stderr.trimEnd().split('\n').length }).toEqual({ stdout: '', code: 3, lines: 1 });
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'device-not-found',
        message: 'there is no device "dev-9\u001b[2J"',
        hint: 'iotctl device list',
        exitCode: 3,
        details: { deviceId: 'dev-9' },
        retryable: false,
      },
    });
  });

  test('of the command line itself is JSON too when that was asked for', async () => {
    for (const argv of [
      ['nope', '-o', 'json'],
      ['--output=json', 'nope'],
      ['-ojson', 'nope'],
    ]) {
      const { stderr, code } = await runLine(failing(missing), { argv });
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'unknown-command', exitCode: 2 } });
    }
    expect(
      JSON.parse((await runLine(failing(missing), { argv: ['nope'], env: { IOTCTL_OUTPUT: 'json' } })).stderr),
    ).toHaveProperty('error');
  });

  test('has colour on a terminal', async () => {
    expect((await runLine(failing(missing), { argv: ['show'], isTTY: true })).stderr).toContain(
      '\u001b[31merror:\u001b[39m',
    );
    expect(
      (await runLine(failing(missing), { argv: ['show'], isTTY: true, env: { NO_COLOR: '1' } })).stderr,
    ).not.toContain('\u001b[');
  });

  test('of a kind nobody thought of is a bug: what to do about it, and a trace only with --debug', async () => {
    const bug = new Error('undefined is not a pump');
    expect(await runLine(failing(bug), { argv: ['show'] })).toEqual({
      stdout: '',
      stderr:
        'error: a bug in iotctl 1.2.3: undefined is not a pump\nhint: run it again with --debug and report what it says\n',
      code: 70,
    });
    const debug = await runLine(failing(bug), { argv: ['show', '--debug'] });
    expect(debug.stderr).toContain('Error: undefined is not a pump');
    expect(debug.stderr).toContain('run.test.ts');
    const json = await runLine(failing(bug), { argv: ['show', '--debug', '-o', 'json'] });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'bug', exitCode: 70, trace: expect.any(Array) } });
  });

  test.each([
    ['ENOSPC', 'disk-full', 1],
    ['EACCES', 'permission-denied', 4],
    ['ENOENT', 'file-not-found', 3],
    ['ECONNREFUSED', 'hub-unreachable', 9],
  ])('of the system, %s, has its own row', async (errno, code, exit) => {
    const result = await runLine(failing(Object.assign(new Error('it failed'), { code: errno })), {
      argv: ['show', '-o', 'json'],
    });
    expect(result.code).toBe(exit);
    expect(JSON.parse(result.stderr)).toMatchObject({ error: { code } });
  });
});

test('an error that nobody caught is a bug, told like any other', async () => {
  const system = fakeSystem({ argv: ['show'] });
  const stuck = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const table = tableOf({ run: () => (started.resolve(), stuck.promise) });
  const ended = run(system, emptyRooms, table);
  await started.promise;
  system.crash(new Error('lost'));
  while (system.exits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect({ exits: system.exits, stderr: system.stderr.text }).toEqual({
    exits: [70],
    stderr: 'error: a bug in iotctl 1.2.3: lost\nhint: run it again with --debug and report what it says\n',
  });
  stuck.resolve();
  await ended;
});

describe('signals', () => {
  /** A command that goes on until it is told to stop. */
  const endless: Partial<CommandDeclaration> & Pick<CommandDeclaration, 'run'> = {
    run: (context) =>
      new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
      ),
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s ends the command in order, without words', async (signal, code) => {
    const system = fakeSystem({ argv: ['show'] });
    const started = Promise.withResolvers<void>();
    const ended = run(
      system,
      emptyRooms,
      tableOf({ run: (context, input) => (started.resolve(), endless.run(context, input)) }),
    );
    await started.promise;
    system.send(signal);
    await ended;
    expect({ exits: system.exits, stderr: system.stderr.text }).toEqual({ exits: [code], stderr: '' });
  });

  test('whatever breaks because of Ctrl-C is an interruption', async () => {
    const system = fakeSystem({ argv: ['show'] });
    const table = tableOf({
      async run() {
        system.send('SIGINT');
        throw new Error('socket hang up');
      },
    });
    await run(system, emptyRooms, table);
    expect({ exits: system.exits, stderr: system.stderr.text }).toEqual({ exits: [130], stderr: '' });
  });

  test('a command that ends well after Ctrl-C ends well', async () => {
    const system = fakeSystem({ argv: ['show'] });
    await run(system, emptyRooms, tableOf({ run: async () => system.send('SIGINT') }));
    expect(system.exits).toEqual([0]);
  });

  test('a second Ctrl-C ends the process at once; the echo of the first by a wrapper does not', async () => {
    const system = fakeSystem({ argv: ['show'] });
    const stuck = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const ended = run(system, emptyRooms, tableOf({ run: () => (started.resolve(), stuck.promise) }));
    await started.promise;
    system.send('SIGINT');
    await system.clock.advance(50);
    system.send('SIGINT');
    expect(system.exits).toEqual([]);
    await system.clock.advance(1_000);
    system.send('SIGINT');
    expect(system.exits).toEqual([130]);
    stuck.resolve();
    await ended;
  });

  test.each(['text', 'lines'] as const)('a wait for standard input (%s) ends with Ctrl-C', async (way) => {
    const system = { ...fakeSystem({ argv: ['show'] }), stdin: new PassThrough() };
    const started = Promise.withResolvers<void>();
    const table = tableOf({
      async run({ stdin }) {
        started.resolve();
        if (way === 'text') await stdin.text();
        else for await (const line of stdin.lines()) throw new Error(`read ${line}`);
      },
    });
    const ended = run(system, emptyRooms, table);
    await started.promise;
    system.send('SIGINT');
    await ended;
    expect({ exits: system.exits, stderr: system.stderr.text }).toEqual({ exits: [130], stderr: '' });
  });

  test('handlers are taken away at the end', async () => {
    const system = fakeSystem({ argv: ['show'] });
    await run(system, emptyRooms, tableOf({ run: async () => undefined }));
    expect([...system.handlers.values()].map((set) => set.size)).toEqual([0, 0, 0]);
  });

  test('a wait on the clock ends with Ctrl-C', async () => {
    const system = fakeSystem({ argv: ['show'] });
    const started = Promise.withResolvers<void>();
    const ended = run(
      system,
      emptyRooms,
      tableOf({ run: ({ clock, signal }) => (started.resolve(), sleep(clock, 60_000, signal)) }),
    );
    await started.promise;
    system.send('SIGINT');
    await ended;
    expect(system.exits).toEqual([130]);
  });
});

describe('stdout', () => {
  test('a reader that went away ends the program quietly, with 0', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    }) as CapturedStream;
    const system = fakeSystem({ argv: ['show'], stdout: broken });
    let aborted: unknown;
    const table = tableOf({
      async run({ output, signal }) {
        signal.addEventListener('abort', () => (aborted = signal.reason));
        for (let line = 0; line < 1_000; line++) {
          await output.text(`line ${line}\n`);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    await run(system, emptyRooms, table);
    expect({ exits: system.exits, stderr: system.stderr.text }).toEqual({ exits: [0], stderr: '' });
    expect(aborted).toMatchObject({ name: 'OutputClosed' });
  });

  test('a command that changes things goes on when its reader went away, and its own end counts', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    }) as CapturedStream;
    const system = fakeSystem({ argv: ['show'], stdout: broken });
    let changed = 0;
    const table = tableOf({
      outlivesReader: true,
      async run({ output, signal }) {
        for (; changed < 100; changed++) {
          await output.text(`changed ${changed}\n`);
          signal.throwIfAborted();
          await new Promise((resolve) => setImmediate(resolve));
        }
        throw new Failure('partial', 'some of many failed');
      },
    });
    await run(system, emptyRooms, table);
    expect({ exits: system.exits, changed }).toEqual({ exits: [7], changed: 100 });
  });

  test('a full disk under stdout is a failure', async () => {
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })),
    }) as CapturedStream;
    const system = fakeSystem({ argv: ['show'], stdout: full });
    const table = tableOf({
      async run({ output }) {
        for (;;) {
          await output.text('more\n');
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    await run(system, emptyRooms, table);
    expect(system.exits).toEqual([1]);
    expect(system.stderr.text).toContain('no space left on the device');
  });

  test('a slow reader holds the command back, and all is flushed before the exit', async () => {
    const got: string[] = [];
    let held = 0;
    const slow = new Writable({
      highWaterMark: 16,
      write(chunk: Buffer, _encoding, done) {
        got.push(chunk.toString());
        held = Math.max(held, slow.writableLength);
        setImmediate(done);
      },
    }) as CapturedStream;
    const system = fakeSystem({ argv: ['show'], stdout: slow });
    const table = tableOf({
      async run({ output }) {
        for (let line = 0; line < 100; line++) await output.text(`${String(line).padStart(9)}\n`);
      },
    });
    let atExit = -1;
    await run({ ...system, exit: () => (atExit = got.join('').length) }, emptyRooms, table);
    expect(atExit).toBe(1_000);
    expect(held).toBeLessThanOrEqual(32);
  });
});

async function contextOf(
  argv: readonly string[],
  rooms: Rooms = emptyRooms,
  env: Record<string, string> = {},
  stdin = '',
): Promise<CommandContext> {
  let seen: CommandContext | undefined;
  const table = tableOf({ usesHub: true, run: async (context) => void (seen = context) });
  const { stderr } = await runLine(table, { argv: ['show', ...argv], env, stdin }, rooms);
  if (seen === undefined) throw new Error(stderr);
  return seen;
}

function refuse(): never {
  throw new Error('opened');
}

describe('the context of a command', () => {
  test('opens nothing by itself', async () => {
    const context = await contextOf([], {
      openProfiles: refuse,
      resolveConnection: refuse,
      connectHub: refuse,
      connectProvisioning: refuse,
    });
    expect(context.assumeYes).toBe(false);
  });

  test('knows its directories; IOTCTL_*_DIR isolate it', async () => {
    expect((await contextOf([])).directories).toEqual({
      config: '/home/someone/.config/iotctl',
      state: '/home/someone/.local/state/iotctl',
      cache: '/home/someone/.cache/iotctl',
      data: '/home/someone/.local/share/iotctl',
    });
    const env = {
      XDG_CONFIG_HOME: '/x',
      XDG_DATA_HOME: '/y',
      IOTCTL_DATA_DIR: '/data',
      IOTCTL_CACHE_DIR: '/cache',
      IOTCTL_STATE_DIR: '/state',
    };
    expect((await contextOf([], emptyRooms, env)).directories).toEqual({
      config: '/x/iotctl',
      state: '/state',
      cache: '/cache',
      data: '/data',
    });
  });

  test('chooses the hub once, by the flags, and closes it', async () => {
    const asked: unknown[] = [];
    let closed = 0;
    const rooms: Rooms = {
      ...emptyRooms,
      resolveConnection: async ({ profile, connectionStringFile }) => {
        asked.push({ profile, connectionStringFile });
        return {
          name: 'p',
          kind: 'local',
          auth: 'key',
          hostName: 'h',
          sharedAccessKeyName: 'k',
          sharedAccessKey: 's',
          source: 'flag',
        };
      },
      connectHub: async () => ({ close: async () => void closed++ }) as never,
    };
    const table = tableOf({
      async run(context) {
        expect(await context.hub()).toBe(await context.hub());
        expect((await context.connection()).name).toBe('p');
      },
    });
    expect((await runLine(table, { argv: ['show', '--profile', 'p'] }, rooms)).code).toBe(0);
    expect(asked).toEqual([{ profile: 'p', connectionStringFile: undefined }]);
    expect(closed).toBe(1);
  });

  test('reads standard input as text or lines', async () => {
    expect(await (await contextOf([], emptyRooms, {}, 'a\nb')).stdin.text()).toBe('a\nb');
    const lines: string[] = [];
    for await (const line of (await contextOf([], emptyRooms, {}, '\ufeffa\r\nb\n')).stdin.lines()) lines.push(line);
    expect(lines).toEqual(['a', 'b']);
  });
});

test('stdout hears nothing of notes, stderr nothing of results', async () => {
  const table = tableOf({
    async run({ output, notes }) {
      notes.info('a note');
      await output.text('a result\n');
    },
  });
  expect(await runLine(table, { argv: ['show'] })).toEqual({ stdout: 'a result\n', stderr: 'a note\n', code: 0 });
});

test.each([
  ['show', 'HostName=h;SharedAccessKeyName=o;SharedAccessKey=c2VjcmV0c2VjcmV0'],
  ['show', '--no-such', 'SharedAccessSignature sr=h&sig=c2VjcmV0c2VjcmV0&se=1'],
  ['HostName=h;SharedAccessKey=c2VjcmV0c2VjcmV0'],
])('a secret that was typed by mistake is not said again: %s', async (...argv) => {
  for (const format of [[], ['-o', 'json']]) {
    const { stderr, code } = await runLine(tableOf({ run: async () => undefined }), { argv: [...argv, ...format] });
    expect(code).toBe(2);
    expect(stderr).not.toContain('c2VjcmV0');
  }
});

test('when nobody reads stderr, then the end waits for it no longer than a moment', async () => {
  const deaf = new Writable({ highWaterMark: 1, write: () => undefined }) as CapturedStream;
  const system = { ...fakeSystem({ argv: ['show'] }), stderr: deaf };
  const table = tableOf({
    async run({ notes }) {
      notes.info('words that nobody reads');
    },
  });
  const running = run(system, emptyRooms, table);
  await expect.poll(() => system.clock.pending).toBe(1);
  expect(system.exits).toEqual([]);
  await system.clock.advance(2_000);
  await running;
  expect(system.exits).toEqual([0]);
});

test('an event listener is not leaked on stdout by many waits', async () => {
  const slow = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => setImmediate(done),
  }) as CapturedStream;
  const system = fakeSystem({ argv: ['show'], stdout: slow });
  const table = tableOf({
    async run({ output }) {
      for (let line = 0; line < 50; line++) await output.text('x');
    },
  });
  await run(system, emptyRooms, table);
  expect(slow.listenerCount('drain')).toBe(0);
  slow.end();
  await once(slow, 'finish');
});
