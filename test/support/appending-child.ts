/**
 * A program that appends to a telemetry log without end and prints the number of each message after it was stored, `!` and the
 * failure's code when it was not. Arguments: the file, how many messages to keep on their way, bytes of a message.
 */
import { openTelemetryLog } from '../../src/hub/store/log/index.ts';
import { isFailure } from '../../src/errors/index.ts';
import { realClock } from './real-clock.ts';
import { randomBytes } from 'node:crypto';

const [file = '', window = '100', bytes = '10'] = process.argv.slice(2);
const log = await openTelemetryLog({ file, clock: realClock });
const sender = {
  moduleId: '',
  source: 'Telemetry',
  generationId: '1',
  auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
  modelId: '',
} as const;
const senders = Array.from({ length: 10 }, (_, index) => ({ ...sender, deviceId: `d${index}` }));
let number = 0;

function appendNext(): void {
  const own = number++;
  const body = Buffer.concat([Buffer.from(`${own} `), randomBytes(Number(bytes))]);
  log.append(senders[own % 10]!, own, '', body, (error) => {
    if (error === undefined) {
      process.stdout.write(`${own}\n`);
      appendNext();
    } else {
      process.stdout.write(`!${isFailure(error) ? error.code : 'other'}\n`);
      setTimeout(appendNext, 20);
    }
  });
}

for (let index = 0; index < Number(window); index++) appendNext();
