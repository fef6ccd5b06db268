import { randomUUID } from 'node:crypto';
import { Failure } from '../../errors/index.ts';
import type { OutgoingMessage } from '../../fleet/messages/index.ts';
import {
  choiceOption,
  defineCommand,
  listArg,
  listOption,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';
import type { CommandContext } from '../context.ts';
import { readSelector, selectorOptions } from '../options/selector.ts';
import { fanOutMessage } from '../views/message-report.ts';

const acks = ['none', 'positive', 'negative', 'full'] as const;
const twoDaysMs = 172_800_000;

export const command = defineCommand({
  name: 'send-message',
  summary: 'Send a message to devices, which get it when they are there.',
  description: `Puts a message into the queues of devices. The hub keeps it until the device takes it or its time is up: one hour, \
or --expiry. A queue holds 50 messages.

The words are DEVICE… BODY. The body is text, @FILE or - (standard input); files are sent as they are. With --where or --from no \
DEVICE is needed. DEVICE/MODULE names a module.

--wait goes on until the hub tells what became of the message: the device took it, rejected it, or it was too late. The hub gives \
feedback out in batches, up to 15 s late, each record to one reader alone; other programs that read the feedback of this hub at the \
same time may get the one that is waited for. Exit 6: not delivered, 124: nothing was heard in time.`,
  arguments: [{ name: 'word', summary: 'DEVICE… BODY', required: true, variadic: true, complete: 'device' }],
  options: [
    ...selectorOptions,
    {
      name: 'ack',
      type: 'string',
      value: 'OUTCOME',
      summary: 'of which outcomes the hub shall tell; full with --wait',
      choices: [...acks],
    },
    { name: 'wait', summary: 'wait until the hub tells what became of it' },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'how long --wait waits for each message',
      default: '1m',
      minimum: 1_000,
      maximum: twoDaysMs,
    },
    {
      name: 'expiry',
      type: 'duration',
      value: 'TIME',
      summary: 'how long it may wait for its device; 1h where the hub is as it was made',
      minimum: 1_000,
      maximum: twoDaysMs,
    },
    {
      name: 'property',
      short: 'p',
      type: 'string',
      value: 'NAME=VALUE',
      summary: 'a property beside the body; again for more',
      repeatable: true,
      complete: 'none',
    },
    { name: 'message-id', type: 'string', value: 'ID', summary: 'its id; one is made when absent', complete: 'none' },
    { name: 'correlation-id', type: 'string', value: 'ID', summary: 'what it answers or belongs to', complete: 'none' },
    {
      name: 'content-type',
      type: 'string',
      value: 'TYPE',
      summary: 'what the body is, such as application/json',
      complete: 'none',
    },
    {
      name: 'content-encoding',
      type: 'string',
      value: 'ENCODING',
      summary: 'how its text is encoded, such as utf-8',
      complete: 'none',
    },
    { name: 'dry-run', summary: 'only show which devices would get it' },
  ],
  examples: [
    { run: "iotctl send-message truck-001 'return to depot'", explains: 'one device, whenever it is there' },
    {
      run: 'iotctl send-message truck-001 @route.json --content-type application/json -p kind=route --wait',
      explains: 'a file, and wait until the device has it',
    },
    {
      run: "iotctl send-message --where \"tags.site = 'north'\" 'storm warning' --expiry 10m",
      explains: 'every device of a site; of no use after ten minutes',
    },
  ],
  exitCodes: [1, 3, 4, 6, 7, 9, 124, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  run: send,
});

async function send(context: CommandContext, input: CommandInput): Promise<void> {
  const { splitMessageWords } = await import('../../fleet/messages/index.ts');
  const selected = input.options['where'] !== undefined || input.options['from'] !== undefined;
  const { devices, body } = splitMessageWords(listArg(input, 'word'), selected);
  if (body === '-' && input.options['from'] === '-')
    throw new Failure('usage', 'standard input cannot be both the devices (--from -) and the body (-)');
  const wait = switchOption(input, 'wait');
  const ack = choiceOption(input, 'ack', acks);
  if (wait && ack !== undefined && ack !== 'full')
    throw new Failure('invalid-value', `--wait needs to hear of every outcome, so --ack cannot be ${ack}`);
  const message: OutgoingMessage = {
    ack: ack ?? (wait ? 'full' : 'none'),
    properties: propertiesOf(listOption(input, 'property')),
    messageId: textOption(input, 'messageId'),
    correlationId: textOption(input, 'correlationId'),
    contentType: textOption(input, 'contentType'),
    contentEncoding: textOption(input, 'contentEncoding'),
    expiresAfter: numberOption(input, 'expiry'),
    body: await readBody(context, body),
  };
  await fanOutMessage(context, {
    selector: await readSelector(context, input, devices),
    message,
    options: {
      concurrency: numberOption(input, 'concurrency') ?? 16,
      waitMs: wait ? numberOption(input, 'timeout') : undefined,
      newId: randomUUID,
    },
    dryRun: switchOption(input, 'dryRun'),
  });
}

function propertiesOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const properties = Object.create(null) as Record<string, string>;
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new Failure('invalid-value', `--property: "${pair}" is not NAME=VALUE`);
    properties[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return properties;
}

async function readBody(context: CommandContext, word: string): Promise<Uint8Array> {
  const { readMessageBody } = await import('../../fleet/messages/index.ts');
  return readMessageBody(word, {
    readStandardInput: () => context.stdin.bytes(),
    async readFile(path) {
      const { readGivenFile } = await import('../../std/given-file.ts');
      const { failureOfRead } = await import('../../fleet/selection/index.ts');
      try {
        return await readGivenFile(path);
      } catch (error) {
        throw failureOfRead(error, path);
      }
    },
  });
}
