import { exitCodes, Failure, failures, toFailure } from '../errors/index.ts';
import type { Clock } from '../std/clock.ts';
import { createContext } from './create-context.ts';
import type { CommandDeclaration } from './define-command.ts';
import { resolveDirectories } from './directories.ts';
import type { GlobalOptions } from './options/global-options.ts';
import { chooseFormat } from './output/choose-format.ts';
import { colourLevel, createPaint, type Paint } from './output/colour.ts';
import { createLiveBlock, type LiveBlock } from './output/live-block.ts';
import { createNotes } from './output/create-notes.ts';
import { createOutput } from './output/create-output.ts';
import { createStatusLine, type StatusLine } from './output/status-line.ts';
import { createWriter, OutputClosed, type Writer } from './output/writer.ts';
import { parseLine, type CommandTable, type ParsedLine } from './program.ts';
import type { Rooms } from './rooms.ts';
import { watchSignals } from './signals.ts';
import type { OutputStream, System } from './system.ts';

/** The streams of one run with what is known about them. */
interface Terminal {
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly statusLine: StatusLine;
  readonly live: LiveBlock;
  readonly controller: AbortController;
}

/** So long the end waits for a reader of stderr. Output is waited for, however slow its reader. */
const lastWordsMs = 2_000;
const defaultWidth = 80;
const defaultHeight = 24;

/**
 * Runs one command line from its words to the exit of the process. The only place that sets the exit code: everything
 * else throws or returns. Output is flushed before the end.
 */
export async function run(system: System, rooms: Rooms, table: CommandTable): Promise<void> {
  const controller = new AbortController();
  const stderr = createWriter(system.stderr);
  // Nobody can be told that stderr is gone, so what it refuses is dropped.
  const statusLine = createStatusLine((text) => void stderr.write(text).catch(() => undefined));
  let outlivesReader = false;
  const stdout = createWriter(system.stdout, {
    before: () => statusLine.clear(),
    onClosed: (reason) => controller.abort(reason),
    outlivesReader: () => outlivesReader,
  });
  const live = createLiveBlock((text) => stdout.write(text));
  const terminal: Terminal = { stdout, stderr, statusLine, live, controller };
  const unwatch = watchSignals(system, controller, () => statusLine.clear());
  let wishes = guessWishes(system);
  const finish = async (code: number): Promise<void> => {
    await stdout.flush();
    await flushFor(lastWordsMs, stderr, system.clock);
    system.exit(code);
  };
  const crash = async (thrown: unknown): Promise<void> => finish(await report(thrown, wishes, system, terminal));
  const unwatchCrash = system.onCrash((thrown) => void crash(thrown));
  let code: number = exitCodes.ok;
  try {
    const parsed = await parseLine(system.argv, table, {
      env: system.env,
      now: system.clock.now(),
      version: () => system.runtime.version(),
      helpWidth: Math.min(widthOf(system.stdout), 120),
    });
    if (parsed.kind === 'print') {
      await stdout.write(parsed.text);
    } else {
      wishes = parsed.globals;
      outlivesReader = parsed.command.outlivesReader === true;
      await runCommand(parsed, system, rooms, terminal);
    }
  } catch (error) {
    code = await report(error, wishes, system, terminal);
  }
  await finish(code);
  unwatch();
  unwatchCrash();
}

function flushFor(ms: number, writer: Writer, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    void writer.flush().finally(() => {
      cancel();
      resolve();
    });
  });
}

type RunLine = Extract<ParsedLine, { kind: 'run' }>;

async function runCommand(
  { command, input, globals }: RunLine,
  system: System,
  rooms: Rooms,
  terminal: Terminal,
): Promise<void> {
  const { controller } = terminal;
  const notes = createNotes({
    write: (text) => void terminal.stderr.write(text).catch(() => undefined),
    statusLine: {
      draw: (text) => terminal.statusLine.draw(text),
      clear: () => {
        terminal.live.clear();
        terminal.statusLine.clear();
      },
    },
    isTTY: system.stderr.isTTY === true,
    width: widthOf(system.stderr),
    quiet: globals.quiet,
    paint: await paintFor(system.stderr, system, globals.color),
    clock: system.clock,
  });
  const output = await openOutput(command, globals, system, terminal, notes);
  const { context, close } = createContext({
    system,
    rooms,
    globals,
    directories: resolveDirectories(system),
    output,
    notes,
    signal: controller.signal,
  });
  try {
    await command.run(context, input);
  } finally {
    terminal.statusLine.clear();
    await close();
  }
}

async function openOutput(
  command: CommandDeclaration,
  globals: GlobalOptions,
  system: System,
  terminal: Terminal,
  notes: ReturnType<typeof createNotes>,
): Promise<ReturnType<typeof createOutput>> {
  const isTTY = system.stdout.isTTY === true;
  const pick =
    globals.query === undefined ? undefined : await (await import('./output/jmespath.ts')).compilePick(globals.query);
  return createOutput({
    writer: terminal.stdout,
    format: chooseFormat(command, globals.output, isTTY),
    isTTY,
    width: widthOf(system.stdout),
    paint: await paintFor(system.stdout, system, globals.color),
    notes,
    pick,
    columns: globals.columns,
    live: terminal.live,
    terminal: {
      size: () => ({ columns: widthOf(system.stdout), rows: heightOf(system.stdout) }),
      onResize: (handler) => {
        system.stdout.on('resize', handler);
        return () => system.stdout.removeListener('resize', handler);
      },
    },
  });
}

/** Tells a failure on stderr and gives the exit code. */
async function report(thrown: unknown, wishes: Wishes, system: System, terminal: Terminal): Promise<number> {
  if (thrown instanceof OutputClosed) return exitCodes.ok;
  // Whatever broke because the program was told to stop, it was told to stop.
  const reason: unknown = terminal.controller.signal.aborted ? terminal.controller.signal.reason : undefined;
  if (reason instanceof OutputClosed) return exitCodes.ok;
  const failure = reason instanceof Failure ? reason : toFailure(thrown);
  const format = wishes.output?.format;
  const [{ describeFailure }, { redactText }] = await Promise.all([
    import('./report-failure.ts'),
    import('../std/redact.ts'),
  ]);
  // Words that were typed stand in it, and some are secrets that were not to be typed.
  const words = describeFailure(failure, {
    json: format === 'json' || format === 'ndjson',
    debug: wishes.debug,
    paint: await paintFor(system.stderr, system, wishes.color),
    version: () => system.runtime.version(),
  });
  const text = redactText(words);
  if (text !== '') void terminal.stderr.write(text).catch(() => undefined);
  return failures[failure.code].exit;
}

type Wishes = Pick<GlobalOptions, 'output' | 'debug' | 'color'>;

/** The wishes that shape an error when the command line itself could not be understood. */
function guessWishes({ argv, env }: System): Wishes {
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const joined = argv.find((word) => word.startsWith('--output=') || /^-o./.test(word));
  const format = joined?.replace(/^(--output=|-o=?)/, '') ?? (at < 0 ? env['IOTCTL_OUTPUT'] : argv[at + 1]);
  const json = format === 'json' || format === 'ndjson';
  return {
    output: json ? { format, source: 'flag' } : undefined,
    debug: argv.includes('--debug'),
    color: argv.includes('--no-color') ? false : argv.includes('--color') ? true : undefined,
  };
}

function paintFor(stream: OutputStream, system: System, flag: boolean | undefined): Promise<Paint> {
  return createPaint(colourLevel({ isTTY: stream.isTTY === true, env: system.env, flag }));
}

function widthOf(stream: OutputStream): number {
  return stream.columns !== undefined && stream.columns > 0 ? stream.columns : defaultWidth;
}

function heightOf(stream: OutputStream): number {
  return stream.rows !== undefined && stream.rows > 0 ? stream.rows : defaultHeight;
}
