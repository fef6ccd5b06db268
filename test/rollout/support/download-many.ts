/** A program of its own: fetches one address many times at once and says how it went. Reads its task from standard input as JSON. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent as PlainAgent, get as getPlain, type IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { pool } from '../../../src/std/pool.ts';

interface Task {
  readonly url: string;
  readonly caFile: string;
  readonly downloads: number;
  readonly sha256: string;
}

/** Devices have processors of their own; here one does the work of all of them, and a hub does not wait for ever for a handshake. */
const opensAtOnce = 32;

const task = JSON.parse(readFileSync(0, 'utf8')) as Task;
const secure = task.url.startsWith('https:');
const agent = secure
  ? new Agent({ keepAlive: false, maxSockets: Infinity, ca: readFileSync(task.caFile), maxCachedSessions: 0 })
  : new PlainAgent({ keepAlive: false, maxSockets: Infinity });

function open(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = secure ? get(task.url, { agent }, resolve) : getPlain(task.url, { agent }, resolve);
    request.on('error', reject);
  });
}

const allOpen = Promise.withResolvers<void>();

/** Nobody reads before all have an answer, so that all are in progress together. */
async function digestOf(response: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  await allOpen.promise;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) hash.update(chunk);
    return `${response.statusCode} ${hash.digest('hex')}`;
  } catch (error) {
    return String(error);
  }
}

const downloads: Promise<string>[] = [];
const numbers = Array.from({ length: task.downloads }, (_, number) => number);
const begin = async (): Promise<void> => {
  const opened = await open().catch((error: unknown) => String(error));
  downloads.push(typeof opened === 'string' ? Promise.resolve(opened) : digestOf(opened));
};
for await (const _ of pool(numbers, opensAtOnce, begin));
const together = downloads.length;
allOpen.resolve();
const ended = await Promise.all(downloads);
const bad = ended.filter((result) => result !== `200 ${task.sha256}`);
process.stdout.write(`${JSON.stringify({ good: ended.length - bad.length, bad: [...new Set(bad)], together })}\n`);
