export { changeOfWords, removalOfPaths } from './change.ts';
export { compareDesired, compareTwins } from './compare-twins.ts';
export { contentOf } from './content.ts';
export type { Difference } from './diff.ts';
export {
  editTwin,
  type EditableTwin,
  type EditProblem,
  type EditTwinRequest,
  type EditTwinResult,
} from './edit-twin.ts';
export { previewTwin, setTwin, setTwins } from './set-twins.ts';
