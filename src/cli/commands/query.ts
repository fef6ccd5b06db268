import { defineCommand, numberOption, requiredArg } from '../define-command.ts';
import { queryView } from '../views/query-view.ts';

export const command = defineCommand({
  name: 'query',
  summary: 'Run a query over the devices.',
  description: `Runs a query in the IoT Hub query language over devices and their twins:

SELECT * | PATH [AS NAME], COUNT() AS n, AVG(PATH)… FROM devices WHERE
CONDITION GROUP BY PATH

Paths are deviceId, status, connectionState, lastActivityTime, tags.NAME,
properties.desired.NAME and properties.reported.NAME.`,
  arguments: [{ name: 'text', summary: 'the query, in quotes', required: true, complete: 'none' }],
  options: [
    { name: 'top', type: 'integer', value: 'N', summary: 'at most so many rows', minimum: 1 },
    { name: 'page-size', type: 'integer', value: 'N', summary: 'rows in one request', minimum: 1, maximum: 1000 },
  ],
  examples: [
    {
      run: 'iotctl query "SELECT deviceId, tags.site AS site FROM devices WHERE status = \'enabled\'"',
      explains: 'two columns',
    },
    {
      run: 'iotctl query "SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site"',
      explains: 'how many devices a site has',
    },
    {
      run: 'iotctl query "SELECT * FROM devices WHERE properties.reported.battery < 20" -o name',
      explains: 'ids for another command',
    },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { runQuery, splitFirst } = await import('../../fleet/queries/index.ts');
    const hub = await context.hub();
    const { columns, rows } = runQuery(hub, requiredArg(input, 'text'), {
      top: numberOption(input, 'top'),
      pageSize: numberOption(input, 'pageSize'),
      signal: context.signal,
    });
    // A table needs its columns before its rows; a handful of rows tells them where the query does not.
    const { first, all } = await splitFirst(rows, columns === undefined ? 100 : 0);
    await context.output.list(all, queryView(columns, first, context.clock.now()));
  },
});
