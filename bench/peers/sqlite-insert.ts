/**
 * The peer of provisioning: reads the same CSV and inserts the same rows, an identity and a twin for each device, with plain
 * node:sqlite into tables like the hub's, with no index beside the unique name.
 *   node sqlite-insert.ts DEVICES.csv DATABASE ROWS_PER_COMMIT
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const [csv = '', file = '', commit = ''] = process.argv.slice(2);
const rowsPerCommit = Number(commit);
const [, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n');

const database = new DatabaseSync(file);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec(
  `CREATE TABLE identities (
     id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, module_id TEXT NOT NULL, generation_id TEXT NOT NULL,
     revision INTEGER NOT NULL, identity_counter INTEGER NOT NULL, twin_counter INTEGER NOT NULL,
     twin_version INTEGER NOT NULL, status TEXT NOT NULL, status_reason TEXT, status_updated_time INTEGER NOT NULL,
     auth_type TEXT NOT NULL, primary_key TEXT, secondary_key TEXT, primary_thumbprint TEXT, secondary_thumbprint TEXT,
     iot_edge INTEGER NOT NULL, model_id TEXT NOT NULL, connection_state TEXT NOT NULL,
     connection_state_updated_time INTEGER NOT NULL, last_activity_time INTEGER NOT NULL, UNIQUE (device_id, module_id)
   ) STRICT;
   CREATE TABLE twins (
     id INTEGER PRIMARY KEY REFERENCES identities (id), tags TEXT NOT NULL, desired TEXT NOT NULL,
     desired_version INTEGER NOT NULL, desired_metadata TEXT NOT NULL, reported TEXT NOT NULL,
     reported_version INTEGER NOT NULL, reported_metadata TEXT NOT NULL
   ) STRICT`,
);
const insertIdentity = database.prepare(
  `INSERT INTO identities VALUES (?, ?, '', ?, 1, 1, 1, 2, ?, NULL, ?, 'sas', ?, ?, NULL, NULL, 0, '', 'Disconnected', 0, 0)`,
);
const insertTwin = database.prepare(`INSERT INTO twins VALUES (?, ?, ?, 2, ?, '{}', 1, ?)`);
for (let start = 0; start < lines.length; start += rowsPerCommit) {
  database.exec('BEGIN');
  for (const [offset, line] of lines.slice(start, start + rowsPerCommit).entries()) {
    insertDevice(start + offset + 1, line.split(','));
  }
  database.exec('COMMIT');
}
database.close();

function insertDevice(id: number, [deviceId = '', key = '', status = '', site = '', interval = '']: string[]): void {
  const now = Date.now();
  const $lastUpdated = new Date(now).toISOString().replace('Z', '0000Z');
  const stamp = { $lastUpdated, $lastUpdatedVersion: 2 };
  insertIdentity.run(id, deviceId, `638${randomInt(1e14).toString().padStart(15, '0')}`, status, now, key, key);
  insertTwin.run(
    id,
    JSON.stringify({ site }),
    JSON.stringify({ interval: Number(interval) }),
    JSON.stringify({ ...stamp, interval: stamp }),
    JSON.stringify({ $lastUpdated }),
  );
}
