import { sql, type Kysely } from 'kysely';
import { connectionColumns, identityColumns, recordColumns, twinColumns } from './rows.ts';
import type { RegistrySchema } from './schema.ts';
import { numberSlot, slots, template, textSlot } from './template.ts';

type Registry = Kysely<RegistrySchema>;

/** The statements of the store's own methods, built once. Slots are named after columns, or as the text says. */
export type Statements = ReturnType<typeof buildStatements>;

export function buildStatements(database: Registry) {
  return { ...readStatements(database), ...changeStatements(database), ...smallStatements(database) };
}

function readStatements(database: Registry) {
  const records = database
    .selectFrom('identities')
    .innerJoin('twins', 'twins.id', 'identities.id')
    .select([...recordColumns])
    .where('module_id', '=', '');
  return {
    read: template(records.where('device_id', '=', textSlot('device_id'))),
    /** `ids` is a JSON array, so that any number of them is one statement. */
    readMany: template(
      records.where('device_id', 'in', sql<string>`(SELECT value FROM json_each(${textSlot('ids')}))`),
    ),
    list: template(records.orderBy('device_id').limit(numberSlot('top'))),
    counts: template(
      database
        .selectFrom('identities')
        .select((expression) => [
          expression.fn.countAll<number>().as('total'),
          expression.fn.countAll<number>().filterWhere('status', '=', 'enabled').as('enabled'),
          expression.fn.countAll<number>().filterWhere('connection_state', '=', 'Connected').as('connected'),
        ])
        .where('module_id', '=', ''),
    ),
  };
}

function changeStatements(database: Registry) {
  const writable = identityColumns.filter(
    (column) => column !== 'device_id' && !(connectionColumns as readonly string[]).includes(column),
  );
  const isDevice = { device_id: textSlot('device_id'), module_id: '' };
  const deviceRowId = database
    .selectFrom('identities')
    .select('id')
    .where((expression) => expression.and(isDevice));
  return {
    insertIdentity: template(
      database
        .insertInto('identities')
        .values(slots(identityColumns))
        .onConflict((conflict) => conflict.doNothing()),
    ),
    /** Runs right after the insert of its identity. */
    insertTwin: template(
      database.insertInto('twins').values({ id: sql<number>`last_insert_rowid()`, ...slots(twinColumns) }),
    ),
    replaceIdentity: template(
      database
        .updateTable('identities')
        .set(slots(writable))
        .where((expression) => expression.and(isDevice))
        .where('revision', '=', numberSlot('expected')),
    ),
    replaceTwin: template(database.updateTable('twins').set(slots(twinColumns)).where('id', '=', deviceRowId)),
    /** The twin and the session go with it. */
    deleteIdentity: template(
      database
        .deleteFrom('identities')
        .where((expression) => expression.and(isDevice))
        .where('revision', '=', numberSlot('expected')),
    ),
    findIdentity: template(deviceRowId),
    touch: template(
      database
        .updateTable('identities')
        .set({ last_activity_time: sql`max(last_activity_time, ${numberSlot('time')})` })
        .where((expression) => expression.and(isDevice)),
    ),
    touchState: template(
      database
        .updateTable('identities')
        .set({
          last_activity_time: sql`max(last_activity_time, ${numberSlot('time')})`,
          ...slots(['connection_state']),
          connection_state_updated_time: numberSlot('time'),
        })
        .where((expression) => expression.and(isDevice)),
    ),
    disconnectAll: template(
      database
        .updateTable('identities')
        .set({ connection_state: 'Disconnected', connection_state_updated_time: numberSlot('time') })
        .where('connection_state', '=', 'Connected'),
    ),
  };
}

function smallStatements(database: Registry) {
  const device = database
    .selectFrom('identities')
    .where('device_id', '=', textSlot('device_id'))
    .where('module_id', '=', '');
  return {
    readSetting: template(database.selectFrom('settings').select('value').where('name', '=', textSlot('name'))),
    writeSetting: template(
      database
        .insertInto('settings')
        .values({ name: textSlot('name'), value: textSlot('value') })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql`excluded.value` })),
    ),
    readSession: template(device.innerJoin('sessions', 'sessions.id', 'identities.id').select('filters')),
    /** Does nothing for a device that is not there. */
    writeSession: template(
      database
        .insertInto('sessions')
        .columns(['id', 'filters'])
        .expression(device.select(['identities.id', sql<string>`${textSlot('filters')}`.as('filters')]))
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ filters: sql`excluded.filters` })),
    ),
    deleteSession: template(database.deleteFrom('sessions').where('id', '=', device.select('identities.id'))),
  };
}
