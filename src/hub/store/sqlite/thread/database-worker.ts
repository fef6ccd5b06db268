/** The thread that owns the registry's file: node:sqlite is synchronous, and a commit waits for the disk. */
import { createRequestHandler } from './database.ts';
import { serve } from './serve.ts';

serve(createRequestHandler(() => performance.now()));
