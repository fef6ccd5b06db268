/**
 * The least that an MQTT server can do: it reads packets and acknowledges CONNECT, SUBSCRIBE, PUBLISH at QoS 1 and PINGREQ.
 * Nothing is checked, delivered or kept. `node acknowledge.ts PORT`
 */
import { createServer, type Socket } from 'node:net';

const connack = Buffer.from([0x20, 2, 0, 0]);
const pingresp = Buffer.from([0xd0, 0]);

createServer({ noDelay: true }, serve).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4_096 });

function serve(socket: Socket): void {
  let rest: Buffer | undefined;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    const data = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    const answers: Buffer[] = [];
    let at = 0;
    for (let end = packetEnd(data, at); end !== undefined; end = packetEnd(data, at)) {
      const answer = answerTo(data, at, end);
      if (answer !== undefined) answers.push(answer);
      at = end;
    }
    rest = at < data.length ? Buffer.from(data.subarray(at)) : undefined;
    if (answers.length > 0) socket.write(answers.length === 1 ? (answers[0] ?? connack) : Buffer.concat(answers));
  });
}

/** Where the packet at `at` ends; undefined while it is not there. */
function packetEnd(data: Buffer, at: number): number | undefined {
  let length = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = data[at + 1 + shift / 7];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const end = at + 2 + shift / 7 + length;
    return end <= data.length ? end : undefined;
  }
  return undefined;
}

function answerTo(data: Buffer, at: number, end: number): Buffer | undefined {
  const first = data[at] ?? 0;
  const body = bodyStart(data, at);
  switch (first >> 4) {
    case 1:
      return connack;
    case 3: {
      if ((first & 0x06) === 0) return undefined;
      const id = body + 2 + data.readUInt16BE(body);
      return id + 2 <= end ? Buffer.from([0x40, 2, data[id] ?? 0, data[id + 1] ?? 0]) : undefined;
    }
    case 8:
      return Buffer.from([0x90, 3, data[body] ?? 0, data[body + 1] ?? 0, 1]);
    case 12:
      return pingresp;
    default:
      return undefined;
  }
}

function bodyStart(data: Buffer, at: number): number {
  let body = at + 1;
  while ((data[body] ?? 0) >= 0x80) body++;
  return body + 1;
}
