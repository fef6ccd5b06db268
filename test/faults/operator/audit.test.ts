import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHubBox, type HubBox } from '../../e2e/must-hold/support/hub-box.ts';
import { report } from '../support/report.ts';
import { atScale, seededRandom } from '../support/scale.ts';
import { runHere } from './support/run-here.ts';

interface Entry {
  readonly seq: number;
  readonly event: string;
  readonly source: string;
  readonly address: string | null;
  readonly targets: readonly string[];
  readonly result: string;
  readonly details: Readonly<Record<string, unknown>>;
}

let hub: HubBox;
let database: DatabaseSync;
beforeAll(async () => {
  hub = await startHubBox();
  database = new DatabaseSync(join(hub.box.directory, 'data/hub/registry.db'));
  database.exec('PRAGMA busy_timeout = 5000');
});
afterAll(async () => {
  database.close();
  await hub.close();
});

async function entries(event: string): Promise<readonly Entry[]> {
  const { stdout, code } = await runHere(hub.box, ['hub', 'audit', '--event', event, '-o', 'json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Entry[];
}
const verify = async (): Promise<number | undefined> => (await runHere(hub.box, 'hub audit --verify')).code;

describe('C-46: the audit', () => {
  test('has every write with who, from where, what and to what; a bulk of 100 is one entry', async () => {
    const bulk = Array.from({ length: 100 }, (_, n) => ({ id: `bulk-${n}`, importMode: 'create' }));
    expect((await hub.request('POST', '/devices', { body: bulk })).status).toBe(200);
    const [entry, ...others] = (await entries('identity.bulk')).filter(({ targets }) => targets.includes('bulk-0'));
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ source: 'policy iothubowner', address: '127.0.0.1', result: 'done' });
    expect(entry?.targets).toHaveLength(100);
    for (const line of [
      'device renew-key bulk-1 --yes',
      'device disable bulk-2',
      'device delete bulk-3 --yes',
      'twin set bulk-4 a=1',
      'hub fault add delay --device nobody --delay 1ms --for 1s',
      'enrollment apply --group-id g --yes',
      'device show bulk-5',
      'hub backup {dir}/b.tar.zst',
    ])
      expect([line, (await runHere(hub.box, line)).code]).toEqual([line, 0]);
    for (const [event, target] of [
      ['keys.*', 'bulk-1'],
      ['identity.*', 'bulk-2'],
      ['identity.*', 'bulk-3'],
      ['twin.write', 'bulk-4'],
      ['keys.read', 'bulk-1'],
      ['enrollment.write', 'g'],
    ] as const)
      expect([event, target, (await entries(event)).some(({ targets }) => targets.includes(target))]).toEqual([
        event,
        target,
        true,
      ]);
    expect((await entries('fault.write')).length).toBeGreaterThan(0);
    expect((await entries('hub.backup'))[0]?.targets[0]).toContain('b.tar.zst');
    expect(await verify()).toBe(0);
  });

  test('tells a takeover with both addresses and a revocation, and a flood of refusals in a few entries', async () => {
    await hub.device('stolen');
    await hub.device('stolen-2');
    const floods = atScale({ smoke: 200, full: 20_000 });
    for (let n = 0; n < floods; n += 20)
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          hub
            .request('GET', `/devices/${n + index}`, {
              authorization: `SharedAccessSignature sr=localhost&sig=YQ%3d%3d&se=1900000000&skn=x${n + index}`,
            })
            .catch(() => undefined),
        ),
      );
    expect((await runHere(hub.box, 'device disable stolen')).code).toBe(0);
    const revoked = await entries('session.revoked');
    expect(revoked).toMatchObject([{ targets: ['stolen'], details: { reason: 'disabled', address: '127.0.0.1' } }]);
    const refused = await entries('access.refused');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(20);
    report('C-46', { refusals: floods, entries: refused.length });
  });

  test('shows what was changed, taken out, put in, exchanged or cut off', async () => {
    const head = Number(database.prepare('SELECT head_seq FROM audit_ends').get()?.['head_seq']);
    const random = seededRandom('C-46');
    const kinds: Readonly<Record<string, (seq: number) => string>> = {
      alter: (seq) => `UPDATE audit SET entry = replace(entry, '"result":"', '"result":"x') WHERE seq = ${seq}`,
      delete: (seq) => `DELETE FROM audit WHERE seq = ${seq}`,
      cut: () => `DELETE FROM audit WHERE seq > ${head - 2}`,
      reorder: (seq) =>
        `UPDATE audit SET (entry, hash) = (SELECT entry, hash FROM audit AS o WHERE o.seq = ${2 * seq + 1} - audit.seq) WHERE seq IN (${seq}, ${seq + 1})`,
      insert: () => `INSERT INTO audit SELECT ${head + 1}, time, entry, hash FROM audit WHERE seq = ${head}`,
    };
    let found = 0;
    const rounds = atScale({ smoke: 1, full: 40 });
    for (let round = 0; round < rounds; round++)
      for (const [name, sql] of Object.entries(kinds)) {
        database.exec('DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM audit');
        database.exec(sql(1 + Math.floor(random() * (head - 3))));
        const code = await verify();
        expect([name, code]).toEqual([name, 1]);
        if (code === 1) found += 1;
        database.exec('DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept');
      }
    expect(await verify()).toBe(0);
    report('C-46', { attacks: rounds * Object.keys(kinds).length, found });
  });

  test('a rewrite of the whole is found by an end that was noted elsewhere', async () => {
    const { stdout } = await runHere(hub.box, 'hub audit --verify -o name');
    expect((await runHere(hub.box, ['hub', 'audit', '--verify', '--expect', stdout.trim()])).code).toBe(0);
    const [seq] = stdout.trim().split(':');
    expect((await runHere(hub.box, ['hub', 'audit', '--verify', '--expect', `${seq}:${'0'.repeat(64)}`])).code).toBe(1);
  });

  test('when it cannot be written, what must be in it is refused, and telemetry goes on', async () => {
    const device = await hub.device('talking');
    database.exec("CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no room'); END");
    try {
      const lines = [
        'provision unnoted',
        'device delete bulk-9 --yes',
        'twin set bulk-10 a=1',
        'hub container other',
        'rollout pause nothing --yes',
        'hub backup {dir}/c.tar.zst',
      ];
      const codes = await Promise.all(lines.map(async (line) => (await runHere(hub.box, line)).code));
      expect(lines.filter((_, index) => codes[index] === 0)).toEqual([]);
      await device.sendTelemetry({ n: 1 });
      await device.reportProperties({ n: 1 });
    } finally {
      database.exec('DROP TRIGGER refuse');
    }
    expect((await hub.request('GET', '/devices/unnoted')).status).toBe(404);
    expect((await hub.request('GET', '/devices/bulk-9')).status).toBe(200);
    expect((await runHere(hub.box, 'provision noted')).code).toBe(0);
    expect(await verify()).toBe(0);
  });
});
