/** Appends to the outbox of the given directory, acknowledges in between, and says what is done, until it is killed. */
import { Outbox } from '../../../src/device/outbox/outbox.ts';

const outbox = await Outbox.open({ directory: process.argv[2] ?? '', maximumBytes: 10_000_000 });
for (let round = 0; round < 10_000; round++) {
  const number = await outbox.append(new Uint8Array(50 + (round % 300)));
  process.stdout.write(`kept ${number}\n`);
  if (round % 5 !== 4) continue;
  process.stdout.write(`acknowledging ${number - 3}\n`);
  await outbox.acknowledge(number - 3);
}
