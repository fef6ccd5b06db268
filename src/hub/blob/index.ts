export { createBlobFront } from './front.ts';
export { isBlobRequest } from './request.ts';
