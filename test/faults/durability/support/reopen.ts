/** Opens what a hub has left, as the next start does, and asks whether all that was acknowledged is there. */
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DatabaseSync } from 'node:sqlite';
import { startHub, type RunningHub } from '../../../../src/hub/index.ts';
import { migrations } from '../../../../src/hub/store/sqlite/migrations/index.ts';
import { realClock } from '../../../support/real-clock.ts';
import { olderMigrations } from './older-data.ts';
import { checkScenario, type Witness } from './scenario.ts';

/** What is wrong; empty when all is well. */
export async function openAndCheck(dataDir: string, witness: Witness): Promise<readonly string[]> {
  const wrong = [...schemaFaults(dataDir)];
  let hub: RunningHub | undefined;
  const logged: string[] = [];
  const note = (fields: object, text: string): void => void logged.push(`${text} ${inspect(fields)}`);
  try {
    hub = await startHub({
      dataDir,
      ports: { mqtt: 0, http: 0, mqtts: 'off', amqp: 'off', amqps: 'off', https: 'off' },
      clock: realClock,
      pid: process.pid,
      version: '0.0.0',
      log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
    });
    wrong.push(...(await checkScenario(hub.info, witness)));
  } catch (error) {
    wrong.push(`it does not answer again: ${inspect(error)}; the hub says: ${logged.join('; ')}`);
  } finally {
    await hub?.close();
  }
  return [...wrong, ...integrityFaults(dataDir)];
}

/** Either every migration that the older version lacked has been applied, or none. */
function schemaFaults(dataDir: string): readonly string[] {
  const database = new DatabaseSync(join(dataDir, 'registry.db'));
  try {
    const names = database.prepare('select name from kysely_migration order by name').all();
    const applied = names.map((row) => String(row['name']));
    const allowed = [olderMigrations, Object.keys(migrations)].map((list) => list.join());
    return allowed.includes(applied.join()) ? [] : [`the schema is half migrated: ${applied.join(', ')}`];
  } finally {
    database.close();
  }
}

function integrityFaults(dataDir: string): readonly string[] {
  return ['registry.db', 'telemetry.db'].flatMap((file) => {
    const database = new DatabaseSync(join(dataDir, file));
    try {
      const answer = database.prepare('pragma integrity_check').get()?.['integrity_check'];
      return answer === 'ok' ? [] : [`${file}: ${String(answer)}`];
    } finally {
      database.close();
    }
  });
}
