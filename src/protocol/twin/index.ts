export { twinChangeBody, type TwinContent } from './change.ts';
export { checkTwinContent, twinSize, type TwinContentRules } from './check.ts';
export type { DeviceTwin, Twin, TwinChange, TwinMetadata, TwinSection } from './document.ts';
export { etagOf } from './etag.ts';
export { twinLimits } from './limits.ts';
export { mergeContent, setMember } from './merge.ts';
export { contentOf, emptySection, patchSection, readSection, replaceSection, type SectionWrite } from './section.ts';
