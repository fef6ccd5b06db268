/** The peer of reading telemetry: parses every line of a file and writes it again. `node copy-lines.ts FILE` */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: createReadStream(process.argv[2] ?? ''), crlfDelay: Infinity });
let out = '';
for await (const line of lines) {
  out += `${JSON.stringify(JSON.parse(line))}\n`;
  if (out.length < 65_536) continue;
  process.stdout.write(out);
  out = '';
}
process.stdout.write(out);
