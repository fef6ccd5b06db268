// Loaded before iotctl by `npm run bench -- --smoke --slowed`: without its compilers V8 only interprets, and the guard must notice.
import { setFlagsFromString } from 'node:v8';

for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);
