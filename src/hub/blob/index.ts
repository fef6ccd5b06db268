export { createBlobFront, type BlobFront } from './front.ts';
export { isBlobRequest } from './request.ts';
