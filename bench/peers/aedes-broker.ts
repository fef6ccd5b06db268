/** aedes as its manual starts it, on a loopback port: `node aedes-broker.ts PORT`. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
createServer({ noDelay: true }, broker.handle).listen({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  backlog: 4_096,
});
