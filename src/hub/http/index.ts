export { createHttpFront, type HttpFront, type HttpFrontParts } from './app.ts';
export { createHttpServer } from './server.ts';
