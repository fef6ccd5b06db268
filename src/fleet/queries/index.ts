export { runQuery, type QueryOptions, type QueryResult } from './run-query.ts';
