export { readMessageBody, splitMessageWords, type BodySources } from './message-words.ts';
export { purgeQueues, type PurgeOutcome } from './purge-queues.ts';
export { readQueues, type QueuedMessage } from './read-queues.ts';
export { requeueMessages, type RequeueOutcome } from './requeue-messages.ts';
export { sendMessages, type MessageResult, type OutgoingMessage, type SendMessagesOptions } from './send-messages.ts';
