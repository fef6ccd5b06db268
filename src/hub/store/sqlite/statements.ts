/**
 * The statements of the store's own methods, written out: they are few, on the hot paths, and an idle hub then needs no query
 * builder in memory.
 */
import type { TwinSectionName } from './property-condition.ts';
import { connectionColumns, credentialColumns, identityColumns, recordColumns, twinColumns } from './rows.ts';
import { template, type Template } from './template.ts';
import { askedByRows } from './thread/time-limit.ts';

const isIdentity = 'device_id = :device_id AND module_id = :module_id';
const rowId = `SELECT id FROM identities WHERE ${isIdentity}`;
const records = `SELECT ${recordColumns.join(', ')} FROM identities JOIN twins ON twins.id = identities.id`;
/** An identity write leaves the connection alone. */
const writable = identityColumns.filter(
  (column) =>
    column !== 'device_id' && column !== 'module_id' && !(connectionColumns as readonly string[]).includes(column),
);

export const readStatements = {
  /** A device connects: no more than that takes, because fleets do so all at once. */
  readCredentials: template(
    `SELECT ${credentialColumns.join(', ')},
       (SELECT status FROM identities AS device WHERE device.device_id = asked.device_id AND device.module_id = '')
     FROM identities AS asked WHERE ${isIdentity}`,
  ),
  read: template(`${records} WHERE ${isIdentity}`),
  /** `names` is a JSON array of pairs of ids, so that any number of them is one statement. */
  readMany: template(
    `${records} WHERE (device_id, module_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(:names))`,
  ),
  list: template(`${records} WHERE module_id = '' ORDER BY device_id LIMIT :top`),
  listModules: template(`${records} WHERE device_id = :device_id AND module_id > '' ORDER BY module_id`),
  /** Each from the index that holds just that: to look at a million devices takes half a second, to count them a tenth of it. */
  counts: template(
    `SELECT (SELECT count(*) FROM identities WHERE module_id = '' AND ${askedByRows('id')}),
       (SELECT count(*) FROM identities WHERE module_id = '' AND status = 'disabled' AND ${askedByRows('id')}),
       (SELECT count(*) FROM identities WHERE module_id = '' AND connection_state = 'Connected' AND ${askedByRows('id')})`,
  ),
  readSetting: template('SELECT value, checksum FROM settings WHERE name = :name'),
  readDocument: template('SELECT value, checksum FROM documents WHERE collection = :collection AND id = :id'),
  listDocuments: template(
    `SELECT id, value, checksum FROM documents
      WHERE collection = :collection AND id > :after AND id >= :start AND id < :end ORDER BY id LIMIT :limit`,
  ),
  countDocuments: template('SELECT count(*) FROM documents WHERE collection = :collection'),
  readSession: template(`SELECT filters FROM sessions WHERE id = (${rowId})`),
};

/** How a value at an indexed path is kept: numbers are REAL, because that is what they are in the query language. */
const kindOfType = `CASE type WHEN 'text' THEN 'text' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE 'boolean' END`;
const valueOfType = `iif(type IN ('integer', 'real'), CAST(value AS REAL), value)`;
const indexedTypes = `type IN ('text', 'integer', 'real', 'true', 'false')`;

/** The values of one twin at the indexed paths of a section, those alone that a change has changed. */
function insertValues(section: TwinSectionName, changed = ''): string {
  return `
  INSERT OR IGNORE INTO property_values (path_id, kind, value, device_id, module_id, id)
    SELECT path_id, ${kindOfType}, ${valueOfType}, device_id, module_id, id
    FROM (SELECT p.id AS path_id, json_type(new.${section}, p.path) AS type, json_extract(new.${section}, p.path) AS value,
            i.device_id, i.module_id, i.id
          FROM property_paths AS p, identities AS i WHERE p.section = '${section}' AND i.id = new.id ${changed})
    WHERE ${indexedTypes};`;
}

function watchInserted(section: TwinSectionName): Template {
  return template(
    `CREATE TRIGGER IF NOT EXISTS ${section}_inserted AFTER INSERT ON twins WHEN new.${section} <> '{}'
       BEGIN ${insertValues(section)} END`,
  );
}

/** Devices report often, and mostly what nobody has asked for: values that stay the same are left alone. */
function watchChanged(section: TwinSectionName): Template {
  const changed = `(new.${section} -> path) IS NOT (old.${section} -> path)`;
  return template(
    `CREATE TRIGGER IF NOT EXISTS ${section}_changed AFTER UPDATE OF ${section} ON twins WHEN new.${section} IS NOT old.${section}
       BEGIN DELETE FROM property_values WHERE id = old.id
           AND path_id IN (SELECT id FROM property_paths WHERE section = '${section}' AND ${changed});
         ${insertValues(section, `AND ${changed}`)} END`,
  );
}

/** As the triggers do it, for what was written before the path was added. */
function fillPath(section: TwinSectionName): Template {
  return template(
    `INSERT OR IGNORE INTO property_values (path_id, kind, value, device_id, module_id, id)
       SELECT path_id, ${kindOfType}, ${valueOfType}, device_id, module_id, id
       FROM (SELECT p.id AS path_id, json_type(t.${section}, p.path) AS type, json_extract(t.${section}, p.path) AS value,
               i.device_id, i.module_id, i.id
             FROM property_paths AS p CROSS JOIN identities AS i JOIN twins AS t ON t.id = i.id
             WHERE p.section = '${section}' AND p.path = :path AND i.id > :after AND i.id <= :until)
       WHERE ${indexedTypes}`,
  );
}

export const writeStatements = {
  insertIdentity: template(
    `INSERT INTO identities (${identityColumns.join(', ')}) VALUES (${placesOf(identityColumns)}) ON CONFLICT DO NOTHING`,
  ),
  insertModule: template(
    `INSERT INTO identities (${identityColumns.join(', ')}) SELECT ${placesOf(identityColumns)}
      WHERE EXISTS (SELECT 1 FROM identities WHERE device_id = :device_id AND module_id = '') ON CONFLICT DO NOTHING`,
  ),
  /** Runs right after the insert of its identity. */
  insertTwin: template(
    `INSERT INTO twins (id, ${twinColumns.join(', ')}) VALUES (last_insert_rowid(), ${placesOf(twinColumns)})`,
  ),
  replaceIdentity: template(
    `UPDATE identities SET ${settingsOf(writable)} WHERE ${isIdentity} AND revision = :expected`,
  ),
  replaceTwin: template(`UPDATE twins SET ${settingsOf(twinColumns)} WHERE id = (${rowId})`),
  /** The twin and the session go with it; see {@link writeStatements.deleteModules}. */
  deleteIdentity: template(`DELETE FROM identities WHERE ${isIdentity} AND revision = :expected`),
  /** Run after a device was deleted; a module has none of its own, and nothing is left for it to do. */
  deleteModules: template(`DELETE FROM identities WHERE device_id = :device_id AND :module_id = ''`),
  findIdentity: template(rowId),
  touch: template(`UPDATE identities SET last_activity_time = max(last_activity_time, :time) WHERE ${isIdentity}`),
  touchState: template(
    `UPDATE identities SET last_activity_time = max(last_activity_time, :time), connection_state = :connection_state,
       connection_state_updated_time = :time WHERE ${isIdentity}`,
  ),
  /** By the indices of devices and of modules: a start does not look at a million devices because a few were connected. */
  disconnectAll: template(
    `UPDATE identities SET connection_state = 'Disconnected', connection_state_updated_time = :time
      WHERE id IN (
        SELECT id FROM identities WHERE connection_state = 'Connected' AND module_id = ''
        UNION ALL SELECT id FROM identities WHERE connection_state = 'Connected' AND module_id > '')`,
  ),
  writeSetting: template(
    `INSERT INTO settings (name, value, checksum) VALUES (:name, :value, :checksum)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum`,
  ),
  /** Does nothing for an identity that is not there. */
  writeSession: template(
    `INSERT INTO sessions (id, filters) SELECT id, :filters FROM identities WHERE ${isIdentity}
       ON CONFLICT (id) DO UPDATE SET filters = excluded.filters`,
  ),
  watchInsertedTags: watchInserted('tags'),
  watchChangedTags: watchChanged('tags'),
  watchInsertedDesired: watchInserted('desired'),
  watchChangedDesired: watchChanged('desired'),
  watchInsertedReported: watchInserted('reported'),
  watchChangedReported: watchChanged('reported'),
  addPropertyPath: template(
    'INSERT INTO property_paths (section, path) VALUES (:section, :path) ON CONFLICT DO NOTHING',
  ),
  fillTags: fillPath('tags'),
  fillDesired: fillPath('desired'),
  fillReported: fillPath('reported'),
  completePropertyPath: template('UPDATE property_paths SET complete = 1 WHERE section = :section AND path = :path'),
  putDocument: template(
    `INSERT INTO documents (collection, id, value, checksum) VALUES (:collection, :id, :value, :checksum)
       ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value, checksum = excluded.checksum`,
  ),
  deleteDocument: template('DELETE FROM documents WHERE collection = :collection AND id = :id'),
  deleteSession: template(`DELETE FROM sessions WHERE id = (${rowId})`),
};

function placesOf(columns: readonly string[]): string {
  return columns.map((column) => `:${column}`).join(', ');
}

function settingsOf(columns: readonly string[]): string {
  return columns.map((column) => `${column} = :${column}`).join(', ');
}
