import { expect, test } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { withSession, type Session } from '../support/registry-rooms.ts';

const filled = (work: (session: Session) => Promise<void>) => (): Promise<void> =>
  withSession(async (session) => {
    for (const id of ['a', 'b', 'c']) session.hub.add(id, { tags: { site: `s-${id}`, plan: { floor: 1 } } });
    await work(session);
  });

test(
  'when columns are selected, then they are the columns, and nested values are JSON',
  filled(async ({ run }) => {
    const { stdout } = await run(['query', 'SELECT deviceId AS id, tags.site, tags.plan FROM devices', '--top', '2']);
    expect(stdout).toBe('id  site  plan\na   s-a   {"floor":1}\nb   s-b   {"floor":1}\n');
  }),
);

test(
  'when whole twins are selected, then the columns are those of a device',
  filled(async ({ run }) => {
    const { stdout } = await run(['query', 'SELECT * FROM devices']);
    expect(stdout.split('\n')[0]).toMatch(/^deviceId +status +connectionState +lastActivity +tags/);
    expect((await run(['query', 'SELECT * FROM devices', '-o', 'name'])).stdout).toBe('a\nb\nc\n');
  }),
);

test(
  'when there are no rows, then JSON is an empty list',
  filled(async ({ run }) => {
    expect(await run(['query', "SELECT deviceId FROM devices WHERE deviceId = 'x'", '-o', 'json'])).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
  }),
);

test(
  'when the query is not valid, then a caret shows the place',
  filled(async ({ run, hub }) => {
    hub.before = () => {
      throw new Failure('invalid-query', 'the query is not valid: BadRequest');
    };
    const { code, stdout, stderr } = await run(['query', "SELECT * FROM devices WHERE tags.site == 'x'"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [error, text, caret] = stderr.split('\n');
    expect(error).toMatch(/^error: the query is not valid: /);
    expect(text?.slice(caret?.indexOf('^'))).toBe("= 'x'");
  }),
);
