export type { Limit, LimitUnit } from './limit.ts';
export {
  chooseLimits,
  defaultLimits,
  flattenLimits,
  otherLimits,
  limitTable,
  namedLimits,
  type HubLimits,
  type LimitChoices,
  type LimitGroup,
  type NamedLimit,
} from './table.ts';
export { formatLimit, parseLimit } from './format.ts';
