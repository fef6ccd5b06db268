import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hub } from '../../src/client/index.ts';
import { startHubBox, type HubBox } from '../e2e/must-hold/support/hub-box.ts';
import { forgetPeak, megabytes, memoryOf } from './support/memory.ts';
import { operatorOf } from './support/operator.ts';

let hub: HubBox;
let client: Hub;

beforeEach(async () => {
  hub = await startHubBox();
  client = operatorOf(hub.info);
});

afterEach(async () => {
  await client.close();
  await hub.close();
});

interface Task {
  readonly url: string;
  readonly downloads: number;
  readonly sha256: string;
}

interface Outcome {
  readonly good: number;
  readonly bad: string[];
  /** Had their answers at the same time, before the first had read its own. */
  readonly together: number;
  readonly resumed: number;
  /** How often one was told to come again later. */
  readonly putOff: number;
}

/** In a process of its own, so that its memory is not the hub's. */
async function downloadMany(task: Task): Promise<Outcome> {
  const program = join(import.meta.dirname, 'support/download-many.ts');
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ ...task, caFile: hub.info.caFile }));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return JSON.parse(text) as Outcome;
}

const mostAdded = 64 * 1_048_576;
const downloads = 1_000;
/** Put off at the first time they ask: over TLS the hub has less room. Some of these places have become free meanwhile. */
const leastPutOff: Readonly<Record<string, number>> = { http: 0, https: 100 };
const size = 10 * 1_048_576;

test.each(['https', 'http'])(
  '1,000 devices that download 10 MB at once by %s all get it, and add at most 64 MB to the hub',
  async (scheme) => {
    const bytes = randomBytes(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await client.artifacts.put({ sha256, size }, async function* () {
      for (let at = 0; at < size; at += 65_536) yield bytes.subarray(at, at + 65_536);
    });
    const url = new URL(await client.artifacts.signUrl(sha256, Date.now() + 3_600_000));
    const address =
      scheme === 'https' ? url.href : `http://127.0.0.1:${hub.info.ports.http}${url.pathname}${url.search}`;
    // What the first request loads is no part of it.
    expect(await downloadMany({ url: address, downloads: 10, sha256 })).toMatchObject({ good: 10, bad: [] });
    const before = await memoryOf(hub.info.pid);
    await forgetPeak(hub.info.pid);
    const begun = Date.now();
    const outcome = await downloadMany({ url: address, downloads, sha256 });
    const seconds = (Date.now() - begun) / 1_000;
    const { peak } = await memoryOf(hub.info.pid);
    const added = peak - before.now;
    process.stdout.write(
      `${downloads} downloads of ${megabytes(size)} by ${scheme} in ${seconds.toFixed(1)} s: ` +
        `${outcome.resumed} cut and resumed, ${outcome.putOff} put off; ${megabytes(before.now)} before, ${megabytes(peak)} at most, ${megabytes(added)} added\n`,
    );
    expect(outcome).toMatchObject({ good: downloads, bad: [] });
    expect(outcome.putOff).toBeGreaterThanOrEqual(leastPutOff[scheme] ?? 0);
    if (scheme === 'http') expect(outcome.together).toBe(downloads);
    expect(added).toBeLessThanOrEqual(mostAdded);
  },
);
