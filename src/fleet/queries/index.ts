export { runQuery } from './run-query.ts';
export { placeInCondition } from './with-place.ts';
export { splitFirst } from './split-first.ts';
