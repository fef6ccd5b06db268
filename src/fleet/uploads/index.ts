export { tailUploads } from './tail-uploads.ts';
