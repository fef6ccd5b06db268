import { Failure } from '../../errors/index.ts';
import type { MethodRequest } from '../../protocol/method.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import type { CommandContext } from '../context.ts';
import { defineCommand, listArg, numberOption, switchOption, type CommandInput } from '../define-command.ts';
import { readSelector, selectorOptions, selectsMany } from '../options/selector.ts';
import { fanOut } from '../views/command-report.ts';
import { answerView } from '../views/command-view.ts';

export const command = defineCommand({
  name: 'send-command',
  summary: 'Send a command to devices and show what they answer.',
  description: `Sends a command (a direct method) to devices and waits for their answers.

The words are DEVICE… NAME [PAYLOAD…]: devices by id or glob, the name of the command, and what it takes. The \
payload is key=value words (dots nest, values are typed, quotes make text: room.level=3 mode='"7"'), or one of \
@FILE, - (standard input) and JSON. It is the run of such words at the end of the line; the word before it is \
NAME. With --where or --from no DEVICE is needed. DEVICE/MODULE names a module.

A command is sent again (--retry) only when it cannot have run: the device was offline, or the hub was not \
there.`,
  arguments: [
    {
      name: 'word',
      summary: 'DEVICE… NAME [key=value… | @FILE | - | JSON]',
      required: true,
      variadic: true,
      complete: 'device',
    },
  ],
  options: [
    ...selectorOptions,
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'how long a device may take to answer',
      default: '30s',
      minimum: 5_000,
      maximum: 300_000,
    },
    {
      name: 'connect-timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'how long to wait for a device that is offline',
      default: '0s',
      minimum: 0,
      maximum: 300_000,
    },
    {
      name: 'retry',
      type: 'integer',
      value: 'N',
      summary: 'try again so often when a device is offline or the hub cannot be reached',
      default: 0,
      minimum: 0,
      maximum: 100,
    },
    { name: 'retry-unanswered', summary: 'let --retry also repeat a command that may have run already' },
    { name: 'dry-run', summary: 'only show which devices would get it' },
  ],
  examples: [
    { run: 'iotctl send-command truck-001 set-interval seconds=5', explains: 'one device; prints its answer' },
    { run: "iotctl send-command 'pump-*' reboot --where \"tags.site = 'north'\"", explains: 'every pump of a site' },
    {
      run: 'iotctl device list -o name | iotctl send-command --from - ping',
      explains: 'the devices that another command named',
    },
    { run: 'iotctl send-command elevator-7 configure @settings.json --timeout 60s', explains: 'a payload from a file' },
  ],
  exitCodes: [1, 3, 4, 6, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  run: send,
});

async function send(context: CommandContext, input: CommandInput): Promise<void> {
  const commands = await import('../../fleet/commands/index.ts');
  const selected = input.options['where'] !== undefined || input.options['from'] !== undefined;
  const words = commands.splitCommandWords(listArg(input, 'word'), selected);
  if (words.payload.includes('-') && input.options['from'] === '-') {
    throw new Failure('usage', 'standard input cannot be both the devices (--from -) and the payload (-)');
  }
  const payload = await commands.readPayload(words.payload, {
    readFile: (path) => readText(path),
    readStandardInput: () => context.stdin.text(),
  });
  const request: MethodRequest = { methodName: words.name, payload, ...timeouts(input) };
  const selector = await readSelector(context, input, words.devices);
  const options = {
    retries: numberOption(input, 'retry') ?? 0,
    retryUnanswered: switchOption(input, 'retryUnanswered'),
    signal: context.signal,
  };
  const [only] = selector.ids;
  const hub = await context.hub();
  if (only === undefined || selectsMany(selector) || switchOption(input, 'dryRun')) {
    await fanOut(context, {
      selector,
      request,
      options: { ...options, concurrency: numberOption(input, 'concurrency') ?? 16 },
      dryRun: switchOption(input, 'dryRun'),
    });
    return;
  }
  await confirmChange(context, `Send ${words.name} to ${only} on ${hub.hostName}?`, false);
  const result = await commands.sendCommand(hub, context.clock, only, request, options);
  if (result.failure !== undefined) throw result.failure;
  await context.output.document(result, answerView(words.name));
  if (!commands.succeeded(result)) {
    throw new Failure('command-failed', `${only} answered ${words.name} with status ${result.status}`, {
      details: { deviceId: only, status: result.status },
    });
  }
}

function timeouts(input: CommandInput): Pick<MethodRequest, 'responseTimeoutInSeconds' | 'connectTimeoutInSeconds'> {
  const response = Math.ceil((numberOption(input, 'timeout') ?? 30_000) / 1_000);
  const connect = Math.ceil((numberOption(input, 'connectTimeout') ?? 0) / 1_000);
  if (connect > response) throw new Failure('invalid-value', '--connect-timeout must not be longer than --timeout');
  return { responseTimeoutInSeconds: response, connectTimeoutInSeconds: connect };
}

async function readText(path: string): Promise<string> {
  const { readGivenText } = await import('../../std/given-file.ts');
  const { failureOfRead } = await import('../../fleet/selection/index.ts');
  try {
    return await readGivenText(path);
  } catch (error) {
    throw failureOfRead(error, path);
  }
}
