// Runs the same command line with the Node that this checkout pins, when the outer one is too old.
import { spawn } from 'child_process';
import { existsSync } from 'fs';

export function reExecute(pinnedNode) {
  if (process.env.IOTCTL_NO_REEXEC || !existsSync(pinnedNode)) {
    process.stderr.write(`iotctl: needs Node.js 22.18 or newer, this is ${process.version}\n`);
    process.exitCode = 69;
    return;
  }
  const child = spawn(pinnedNode, process.argv.slice(1), { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}
