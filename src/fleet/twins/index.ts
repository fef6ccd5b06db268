export { changeOfWords, removalOfPaths } from './change.ts';
export { compareDesired, compareTwins } from './compare-twins.ts';
export { contentOf } from './content.ts';
export type { Difference } from './diff.ts';
export { previewTwin, setTwin, setTwins } from './set-twins.ts';
