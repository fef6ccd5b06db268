export { createArtifactFiles } from './files.ts';
