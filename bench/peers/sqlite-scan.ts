/**
 * The peer of a query that no index answers: plain node:sqlite looks at the tags of every row. Prints the milliseconds of
 * processor time of the cheapest of so many runs. `node sqlite-scan.ts ROWS LOT_SIZE RUNS`
 */
import { DatabaseSync } from 'node:sqlite';

const [rows = 0, lotSize = 1, runs = 1] = process.argv.slice(2).map(Number);
const database = new DatabaseSync(':memory:');
database.exec('CREATE TABLE twins (id INTEGER PRIMARY KEY, device_id TEXT, tags TEXT NOT NULL) STRICT');
const insert = database.prepare('INSERT INTO twins VALUES (?, ?, ?)');
database.exec('BEGIN');
for (let id = 0; id < rows; id++) {
  const lot = `lot-${id % Math.max(1, Math.floor(rows / lotSize))}`;
  insert.run(id, `pump-${id}`, JSON.stringify({ lot, site: `site-${id % 20}` }));
}
database.exec('COMMIT');
const select = database.prepare("SELECT * FROM twins WHERE NOT json_extract(tags, '$.lot') != ?");
let cheapest = Number.POSITIVE_INFINITY;
for (let run = 0; run < runs; run++) {
  const before = process.cpuUsage();
  if (select.all('lot-7').length !== lotSize) throw new Error('the wrong number of rows');
  const { user, system } = process.cpuUsage(before);
  cheapest = Math.min(cheapest, (user + system) / 1_000);
}
process.stdout.write(String(cheapest));
