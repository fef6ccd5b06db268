import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, startServer, type Peer } from './server.ts';

const aedes = fileURLToPath(new URL('../../peers/aedes-broker.ts', import.meta.url));
const front = fileURLToPath(new URL('../../peers/acknowledge.ts', import.meta.url));
const aedesPackage = new URL('../../../node_modules/aedes/package.json', import.meta.url);

/** aedes, a broker in Node.js, with its default persistence in memory and no subscriber. */
export async function startAedes(): Promise<Peer> {
  const { version } = JSON.parse(await readFile(aedesPackage, 'utf8')) as { version: string };
  return { ...(await startNode(aedes)), name: `aedes ${version}`, promised: 'nothing kept' };
}

/** Node.js doing the least that MQTT needs: parse and acknowledge. It is the ceiling of the load program as well. */
export async function startAcknowledge(): Promise<Peer> {
  return { ...(await startNode(front)), name: 'bare Node.js: parse, acknowledge', promised: 'nothing kept' };
}

async function startNode(program: string): Promise<Pick<Peer, 'pid' | 'port' | 'stop'>> {
  const port = await freePort();
  return { ...(await startServer(process.execPath, [program, String(port)], port)), port };
}
