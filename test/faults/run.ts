/**
 * `npm run test:faults [-- [--full] [--seed N] [NAME…]]`: the fault tests, all of them or those whose paths hold one of the names.
 * Without `--full` each is small: all together end within a minute. The seed that is printed makes the same choices again.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false }, seed: { type: 'string' } },
  allowPositionals: true,
});
const seed = values.seed ?? String(randomInt(2 ** 31));
const scale = values.full ? 'full' : 'smoke';
process.stdout.write(`fault tests, ${scale}; again with --seed ${seed}\n`);
const vitest = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
const config = new URL('vitest.config.ts', import.meta.url).pathname;
const run = spawnSync(process.execPath, [vitest, 'run', '--config', config, ...positionals], {
  stdio: 'inherit',
  // A small run takes a minute or two; one that hangs must not hold up everything after it.
  ...(values.full ? {} : { timeout: 600_000, killSignal: 'SIGKILL' as const }),
  env: {
    ...process.env,
    IOTCTL_FAULTS_SCALE: scale,
    IOTCTL_FAULTS_SEED: seed,
    // Threads of a hub inside a test find their code there. Otherwise each has its types taken away anew, by WebAssembly: after hundreds of
    // threads V8 frees code of it that another one still uses, and the process is gone (SIGSEGV in NativeModule::FreeCode, Node 24.21).
    NODE_COMPILE_CACHE: new URL('../../.faults/compile', import.meta.url).pathname,
  },
});
process.exitCode = run.status ?? 1;
