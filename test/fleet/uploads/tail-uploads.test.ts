import { describe, expect, test } from 'vitest';
import { tailUploads, type UploadsRequest } from '../../../src/fleet/uploads/tail-uploads.ts';
import type { Hub, ServiceChannel, UploadNotice } from '../../../src/fleet/ports.ts';
import { sleep } from '../../../src/std/clock.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const clock = fakeClock();

function notice(blobName: string): UploadNotice {
  const time = '2026-01-01T00:00:00.000Z';
  return {
    deviceId: 'pump-1',
    blobUri: '',
    blobName,
    lastUpdatedTime: time,
    blobSizeInBytes: 1,
    enqueuedTimeUtc: time,
  };
}

/** Gives its notices and then waits for more, as a hub does. */
function hubWith(notices: readonly UploadNotice[]): Pick<Hub, 'channel'> {
  const uploads: ServiceChannel['uploads'] = async function* (request) {
    yield* notices;
    await sleep(clock, 3_600_000, request?.signal);
  };
  return { channel: { uploads } as ServiceChannel };
}

async function namesOf(hub: Pick<Hub, 'channel'>, request: UploadsRequest): Promise<string[]> {
  const names: string[] = [];
  for await (const notices of tailUploads(hub, clock, request)) names.push(...notices.map(({ blobName }) => blobName));
  return names;
}

describe('the notices of uploads', () => {
  test('when so many were asked for, it ends with the last of them', async () => {
    expect(await namesOf(hubWith(['a', 'b', 'c'].map(notice)), { count: 2 })).toEqual(['a', 'b']);
  });

  test('when the time is up, it ends; with a number that was not reached, as timed out', async () => {
    const open = namesOf(hubWith([notice('a')]), { timeout: 5_000 });
    const counted = namesOf(hubWith([notice('a')]), { timeout: 5_000, count: 2 });
    const refused = expect(counted).rejects.toMatchObject({ code: 'timed-out' });
    await clock.advance(5_000);
    expect(await open).toEqual(['a']);
    await refused;
  });

  test('when it is stopped, it ends with the reason', async () => {
    const stopping = new AbortController();
    const names = namesOf(hubWith([]), { signal: stopping.signal, timeout: 5_000 });
    stopping.abort(new Error('stopped'));
    await expect(names).rejects.toThrow('stopped');
  });
});
