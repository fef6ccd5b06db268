/**
 * The peer of provisioning: reads the same CSV and inserts the same rows with plain node:sqlite.
 *   node sqlite-insert.ts DEVICES.csv DATABASE ROWS_PER_COMMIT
 */
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const [csv = '', file = '', commit = ''] = process.argv.slice(2);
const rowsPerCommit = Number(commit);
const [, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n');

const database = new DatabaseSync(file);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec(
  `CREATE TABLE devices (
     device_id TEXT PRIMARY KEY, generation_id TEXT, revision INTEGER, status TEXT, auth_type TEXT,
     primary_key TEXT, secondary_key TEXT, tags TEXT, desired TEXT, desired_version INTEGER, desired_metadata TEXT,
     reported TEXT, reported_version INTEGER, reported_metadata TEXT
   ) WITHOUT ROWID`,
);
const insert = database.prepare("INSERT INTO devices VALUES (?, ?, 1, ?, 'sas', ?, ?, ?, ?, 2, ?, '{}', 1, ?)");
for (let start = 0; start < lines.length; start += rowsPerCommit) {
  database.exec('BEGIN');
  for (const line of lines.slice(start, start + rowsPerCommit)) insertRow(line.split(','));
  database.exec('COMMIT');
}
database.close();

function insertRow([deviceId = '', key = '', status = '', site = '', interval = '']: string[]): void {
  const $lastUpdated = new Date().toISOString().replace('Z', '0000Z');
  const stamp = { $lastUpdated, $lastUpdatedVersion: 2 };
  insert.run(
    deviceId,
    `638${randomInt(1e14).toString().padStart(15, '0')}`,
    status,
    key,
    randomBytes(32).toString('base64'),
    JSON.stringify({ site }),
    JSON.stringify({ interval: Number(interval) }),
    JSON.stringify({ ...stamp, interval: stamp }),
    JSON.stringify({ $lastUpdated }),
  );
}
