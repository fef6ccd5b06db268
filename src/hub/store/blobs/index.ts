export { createBlobFiles } from './files.ts';
