export { runQuery, type QueryOptions, type QueryResult } from './run-query.ts';
export { splitFirst } from './split-first.ts';
