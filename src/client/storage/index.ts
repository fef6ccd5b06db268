export { createBlobArtifactStore } from './blob-artifacts.ts';
export { createBlobRecordStore } from './blob-records.ts';
export { openContainer } from './container.ts';
