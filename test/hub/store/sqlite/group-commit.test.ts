import { describe, expect, test } from 'vitest';
import { GroupCommit } from '../../../../src/hub/store/sqlite/group-commit.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import type { Job, JobResult } from '../../../../src/hub/store/sqlite/thread/messages.ts';
import { deviceRecord } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

const jobOf = (changes: number): Job => Array.from({ length: changes }, () => ['touch'] as const);
const done = (job: Job): JobResult => ({ results: job.map(() => 'changed' as const) });

/** Commits that end when the test says so. */
function heldCommits() {
  const held: { readonly jobs: readonly Job[]; readonly end: (error?: Error) => void }[] = [];
  const commits = new GroupCommit(
    (jobs) =>
      new Promise((resolve, reject) => {
        held.push({
          jobs,
          end: (error) => (error === undefined ? resolve(jobs.map((job) => done(job))) : reject(error)),
        });
      }),
  );
  return { commits, held };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('when jobs come while a commit runs, then they share the next one, and each ends after its own', async () => {
    const { commits, held } = heldCommits();
    const ended: string[] = [];
    const submit = (name: string) => void commits.submit(jobOf(1)).then(() => ended.push(name));
    submit('a');
    await turn();
    for (const name of ['b', 'c', 'd']) submit(name);
    await turn();
    expect(held.map(({ jobs }) => jobs.length)).toEqual([1]);
    expect(ended).toEqual([]);
    held[0]?.end();
    await turn();
    expect(ended).toEqual(['a']);
    expect(held.map(({ jobs }) => jobs.length)).toEqual([1, 3]);
    held[1]?.end();
    await commits.idle();
    await turn();
    expect(ended).toEqual(['a', 'b', 'c', 'd']);
  });

  test('when a commit fails, then all its jobs fail with its reason, and the next commit runs', async () => {
    const { commits, held } = heldCommits();
    const failing = [commits.submit(jobOf(1)), commits.submit(jobOf(1))].map((job) =>
      job.catch((error: unknown) => error),
    );
    await turn();
    const reason = new Error('no space');
    const later = commits.submit(jobOf(2));
    held[0]?.end(reason);
    expect(await Promise.all(failing)).toEqual([reason, reason]);
    await turn();
    held[1]?.end();
    expect(await later).toEqual(['changed', 'changed']);
  });

  test('when very much is waiting, then no commit takes more than its bound, but a larger job goes alone', async () => {
    const { commits, held } = heldCommits();
    const jobs = [
      commits.submit(jobOf(4_000)),
      commits.submit(jobOf(4_000)),
      commits.submit(jobOf(9_000)),
      commits.submit(jobOf(1)),
    ];
    for (let index = 0; index < 4; index++) {
      await turn();
      held[index]?.end();
    }
    await Promise.all(jobs);
    expect(held.map((batch) => batch.jobs.map((job) => job.length))).toEqual([[4_000], [4_000], [9_000], [1]]);
  });
});

test('when many write at once to a file, then few commits hold all of them', async () => {
  const commits: number[] = [];
  const store = await openRegistryStore({ file: temporaryDatabase(), onCommit: (writes) => commits.push(writes) });
  const outcomes = await Promise.all(
    Array.from({ length: 500 }, (_, index) => store.write([{ kind: 'insert', record: deviceRecord(`d-${index}`) }])),
  );
  expect(outcomes.flat().every((outcome) => outcome === 'applied')).toBe(true);
  expect(commits.reduce((sum, writes) => sum + writes, 0)).toBe(500);
  expect(commits.length).toBeLessThanOrEqual(5);
  await store.close();
});
