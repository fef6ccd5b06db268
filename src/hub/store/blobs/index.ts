export { createBlobFiles } from './files.ts';
export { openRemoteContainer } from './remote-container.ts';
