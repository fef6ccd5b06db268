/**
 * The statements of the store's own methods, written out: they are few, on the hot paths, and an idle hub then needs no query
 * builder in memory.
 */
import { connectionColumns, identityColumns, recordColumns, twinColumns } from './rows.ts';
import { template } from './template.ts';

const isDevice = `device_id = :device_id AND module_id = ''`;
const deviceRowId = `SELECT id FROM identities WHERE ${isDevice}`;
const records = `SELECT ${recordColumns.join(', ')} FROM identities JOIN twins ON twins.id = identities.id WHERE module_id = ''`;
/** An identity write leaves the connection alone. */
const writable = identityColumns.filter(
  (column) => column !== 'device_id' && !(connectionColumns as readonly string[]).includes(column),
);

export const readStatements = {
  read: template(`${records} AND device_id = :device_id`),
  /** `ids` is a JSON array, so that any number of them is one statement. */
  readMany: template(`${records} AND device_id IN (SELECT value FROM json_each(:ids))`),
  list: template(`${records} ORDER BY device_id LIMIT :top`),
  counts: template(
    `SELECT count(*), count(*) FILTER (WHERE status = 'enabled'), count(*) FILTER (WHERE connection_state = 'Connected')
       FROM identities WHERE module_id = ''`,
  ),
  readSetting: template('SELECT value FROM settings WHERE name = :name'),
  readDocument: template('SELECT value FROM documents WHERE collection = :collection AND id = :id'),
  listDocuments: template(
    `SELECT id, value FROM documents
      WHERE collection = :collection AND id > :after AND id >= :start AND id < :end ORDER BY id LIMIT :limit`,
  ),
  countDocuments: template('SELECT count(*) FROM documents WHERE collection = :collection'),
  readSession: template(`SELECT filters FROM sessions WHERE id = (${deviceRowId})`),
};

export const writeStatements = {
  insertIdentity: template(
    `INSERT INTO identities (${identityColumns.join(', ')}) VALUES (${placesOf(identityColumns)}) ON CONFLICT DO NOTHING`,
  ),
  /** Runs right after the insert of its identity. */
  insertTwin: template(
    `INSERT INTO twins (id, ${twinColumns.join(', ')}) VALUES (last_insert_rowid(), ${placesOf(twinColumns)})`,
  ),
  replaceIdentity: template(`UPDATE identities SET ${settingsOf(writable)} WHERE ${isDevice} AND revision = :expected`),
  replaceTwin: template(`UPDATE twins SET ${settingsOf(twinColumns)} WHERE id = (${deviceRowId})`),
  /** The twin and the session go with it. */
  deleteIdentity: template(`DELETE FROM identities WHERE ${isDevice} AND revision = :expected`),
  findIdentity: template(deviceRowId),
  touch: template(`UPDATE identities SET last_activity_time = max(last_activity_time, :time) WHERE ${isDevice}`),
  touchState: template(
    `UPDATE identities SET last_activity_time = max(last_activity_time, :time), connection_state = :connection_state,
       connection_state_updated_time = :time WHERE ${isDevice}`,
  ),
  disconnectAll: template(
    `UPDATE identities SET connection_state = 'Disconnected', connection_state_updated_time = :time
      WHERE connection_state = 'Connected'`,
  ),
  writeSetting: template(
    `INSERT INTO settings (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ),
  /** Does nothing for a device that is not there. */
  writeSession: template(
    `INSERT INTO sessions (id, filters) SELECT id, :filters FROM identities WHERE ${isDevice}
       ON CONFLICT (id) DO UPDATE SET filters = excluded.filters`,
  ),
  putDocument: template(
    `INSERT INTO documents (collection, id, value) VALUES (:collection, :id, :value)
       ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value`,
  ),
  deleteDocument: template('DELETE FROM documents WHERE collection = :collection AND id = :id'),
  deleteSession: template(`DELETE FROM sessions WHERE id = (${deviceRowId})`),
};

function placesOf(columns: readonly string[]): string {
  return columns.map((column) => `:${column}`).join(', ');
}

function settingsOf(columns: readonly string[]): string {
  return columns.map((column) => `${column} = :${column}`).join(', ');
}
