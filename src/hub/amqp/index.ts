export { createAmqpFront, type AmqpFront } from './front.ts';
