// Starts the program fast: what was compiled once is kept, and our own files are not searched for.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const { IOTCTL_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
// In the user's own directory: code that a stranger could have written to a shared one would run as the user.
const cache = IOTCTL_CACHE_DIR || join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'iotctl');
try {
  // Node would make it as the umask says, which may let others write; a directory that is not the user's is refused here.
  mkdirSync(join(cache, 'compile'), { recursive: true, mode: 0o700 });
  chmodSync(join(cache, 'compile'), 0o700);
  enableCompileCache(join(cache, 'compile'));
} catch {
  // Without a cache it starts a little slower.
}

// A checkout runs from its sources, the published package from what was built of them.
const [folder, ending, format] = existsSync(new URL('../src/main.ts', import.meta.url))
  ? ['src', '.ts', 'module-typescript']
  : ['dist', '.js', 'module'];
const own = new URL(`../${folder}/`, import.meta.url).href;

// Our files import each other by their whole relative paths; asking the disk about each costs a tenth of a short command.
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.startsWith(own) !== true) return next(specifier, context);
    return { url: new URL(specifier, context.parentURL).href, format, shortCircuit: true };
  },
});

const { main } = await import(`${own}main${ending}`);
await main();
