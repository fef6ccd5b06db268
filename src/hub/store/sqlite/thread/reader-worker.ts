/** A thread that only reads the registry's file, so that a query over a whole fleet holds up neither writes nor other queries. */
import { createReadHandler } from './read-only-database.ts';
import { serve } from './serve.ts';

serve(createReadHandler(() => performance.now()));
