import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSession, type Session } from '../../support/registry-rooms.ts';

const filled = (work: (session: Session) => Promise<void>) => (): Promise<void> =>
  withSession(async (session) => {
    session.hub.add('a', { tags: { site: 'north' }, desired: { interval: 5 }, reported: { interval: 5, cpu: 1 } });
    session.hub.add('b', { tags: { site: 'north' }, desired: { interval: 9 } });
    await work(session);
  });

test(
  'when a twin is shown to a person, then without metadata; as JSON it is whole; a section is alone',
  filled(async ({ run }) => {
    const { stdout } = await run(['twin', 'show', 'a']);
    expect(stdout).toContain(
      'Desired (version 1):\n  interval: 5\nReported (version 1):\n  interval: 5\n  cpu:      1\n',
    );
    expect(stdout).not.toContain('$metadata');
    expect(JSON.parse((await run(['twin', 'show', 'a', '-o', 'json'])).stdout)).toHaveProperty(
      'properties.desired.$metadata',
    );
    expect(JSON.parse((await run(['twin', 'show', 'a', '-o', 'json', '--section', 'desired'])).stdout)).toEqual({
      interval: 5,
    });
  }),
);

test(
  'when words are set, then types are kept and the twin is shown',
  filled(async ({ run, hub }) => {
    const { code, stdout } = await run([
      'twin',
      'set',
      'a',
      'limits.high=8.5',
      'on=true',
      "code='7'",
      'tags.floor=2',
      'interval=null',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('high: 8.5');
    expect(hub.stored.get('a')).toMatchObject({
      desired: { limits: { high: 8.5 }, on: true, code: '7' },
      tags: { site: 'north', floor: 2 },
    });
    expect(hub.stored.get('a')?.desired).not.toHaveProperty('interval');
  }),
);

test(
  'when a file or standard input holds the change, then it is taken',
  filled(async ({ run, hub, directory }) => {
    const file = join(directory, 'change.json');
    writeFileSync(file, '{"tags":{"floor":3},"desired":{"interval":1}}');
    expect((await run(['twin', 'set', 'a', `@${file}`, 'mode=auto'])).code).toBe(0);
    expect((await run(['twin', 'set', 'b', '-'], { stdin: '{"interval":2}' })).code).toBe(0);
    expect(hub.stored.get('a')).toMatchObject({
      tags: { site: 'north', floor: 3 },
      desired: { interval: 1, mode: 'auto' },
    });
    expect(hub.stored.get('b')?.desired).toEqual({ interval: 2 });
    writeFileSync(file, '{oops');
    expect(await run(['twin', 'set', 'a', `@${file}`])).toMatchObject({ code: 2, stdout: '' });
    expect((await run(['twin', 'set', 'a', '@/nowhere/change.json'])).code).toBe(3);
  }),
);

test(
  'when the etag is old, then exit 5 and nothing changes',
  filled(async ({ run, hub }) => {
    expect((await run(['twin', 'set', 'a', 'interval=7', '--etag', '99'])).code).toBe(5);
    expect(hub.stored.get('a')?.desired).toEqual({ interval: 5 });
    expect((await run(['twin', 'set', 'a', 'interval=7', '--etag', '1'])).code).toBe(0);
  }),
);

test(
  'when it is a dry run, then the difference is shown and nothing changes',
  filled(async ({ run, hub }) => {
    const { stdout } = await run(['twin', 'set', 'a', 'interval=7', 'new=1', '--dry-run', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual([
      { path: 'desired.interval', kind: 'changed', left: 5, right: 7 },
      { path: 'desired.new', kind: 'added', right: 1 },
    ]);
    expect((await run(['twin', 'set', 'a', 'interval=5', '--dry-run'])).stderr).toContain('nothing would change in a');
    expect(hub.calls.some((call) => call.startsWith('patch'))).toBe(false);
  }),
);

test(
  'when many are changed, then it asks with their number and tells each',
  filled(async ({ run, hub }) => {
    const refused = await run(['twin', 'set', '--where', "tags.site = 'north'", 'interval=1']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('Change 2 devices on memory (a, b)?');
    const { code, stdout } = await run(['twin', 'set', '--where', "tags.site = 'north'", 'interval=1', '--yes']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'DEVICE  RESULT   REASON\na       changed\nb       changed\n',
    });
    expect(hub.stored.get('b')?.desired).toEqual({ interval: 1 });
    expect((await run(['twin', 'unset', '*', 'interval', 'tags.site', '--yes'])).code).toBe(0);
    expect(hub.stored.get('b')).toMatchObject({ desired: {}, tags: {} });
  }),
);

test.each([
  [['twin', 'set', 'a']],
  [['twin', 'set', 'a', 'interval']],
  [['twin', 'set', 'a', 'reported.x=1']],
  [['twin', 'unset', 'a']],
  [['twin', 'set', '*', 'x=1', '--etag', '1', '--yes']],
])('when the words are %j, then exit 2 and nothing changes', (words) =>
  filled(async ({ run, hub }) => {
    expect(await run(words)).toMatchObject({ code: 2, stdout: '' });
    expect(hub.calls.some((call) => call.startsWith('patch'))).toBe(false);
  })(),
);

test(
  'when twins are compared, then differences are rows, and --exit-code makes them exit 5',
  filled(async ({ run }) => {
    expect(await run(['twin', 'diff', 'a'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'a reports all that is desired\n',
    });
    const { stdout, code } = await run(['twin', 'diff', 'b', '--exit-code']);
    expect(code).toBe(5);
    expect(stdout).toBe('   PATH      DESIRED  REPORTED\n-  interval  9\n');
    const between = await run(['twin', 'diff', 'a', 'b', '-o', 'name']);
    expect(between).toMatchObject({ code: 0, stdout: 'desired.interval\nreported.cpu\nreported.interval\n' });
  }),
);
