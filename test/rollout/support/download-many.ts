/** A program of its own: fetches one address many times at once and says how it went. Reads its task from standard input as JSON. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent as PlainAgent, get as getPlain, type IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
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

function openOnce(from: number): Promise<IncomingMessage> {
  const headers = from === 0 ? {} : { range: `bytes=${from}-`, 'if-range': `"${task.sha256}"` };
  return new Promise((resolve, reject) => {
    const request = (secure ? get : getPlain)(task.url, { agent, headers }, resolve);
    request.on('error', reject);
  });
}

/** A machine that is busy with other things may not get through a handshake in time. */
async function open(from = 0): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++) {
    try {
      return await openOnce(from);
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

const allAsked = Promise.withResolvers<void>();
let resumed = 0;
let putOff = 0;

/** A hub with too many downloads says when to come again; true after that has been waited for. */
async function isPutOff(response: IncomingMessage): Promise<boolean> {
  const seconds = Number(response.headers['retry-after']);
  if (response.statusCode !== 503 || !(seconds > 0)) return false;
  response.resume();
  putOff += 1;
  await delay(seconds * 1_000);
  return true;
}

/**
 * Nobody reads before all have an answer, so that all are in progress together. What is cut goes on where it was, and who is put off comes
 * again, as a device does.
 */
async function digestOf(first: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  await allAsked.promise;
  let response = first;
  for (let tries = 1; ; tries++) {
    try {
      if (tries > 1) response = await open(read);
      while (await isPutOff(response)) response = await open(read);
      if (response.statusCode !== (read === 0 ? 200 : 206)) return `answered ${response.statusCode}`;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        hash.update(chunk);
        read += chunk.length;
      }
      return hash.digest('hex');
    } catch (error) {
      if (tries > 20) return String(error);
      resumed += 1;
    }
  }
}

const downloads: Promise<string>[] = [];
let together = 0;
const numbers = Array.from({ length: task.downloads }, (_, number) => number);
const begin = async (): Promise<void> => {
  const opened = await open().catch((error: unknown) => String(error));
  if (typeof opened !== 'string' && opened.statusCode === 200) together += 1;
  downloads.push(typeof opened === 'string' ? Promise.resolve(opened) : digestOf(opened));
};
for await (const _ of pool(numbers, opensAtOnce, begin));
allAsked.resolve();
const ended = await Promise.all(downloads);
const bad = ended.filter((result) => result !== task.sha256);
process.stdout.write(
  `${JSON.stringify({ good: ended.length - bad.length, bad: [...new Set(bad)], together, resumed, putOff })}\n`,
);
