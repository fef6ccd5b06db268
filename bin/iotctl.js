#!/usr/bin/env node
// Plain JavaScript that also parses on old versions of Node: it only decides which Node runs the program.
import { fileURLToPath } from 'url';
const [major, minor] = process.versions.node.split('.').map(Number);
const asksVersion = process.argv.length === 3 && process.argv[2] === '--version';
if (major > 22 || (major === 22 && minor >= 18)) void (asksVersion ? import('./version.js') : import('./start.js'));
else {
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  void import('./re-execute.js').then((launcher) => launcher.reExecute(pinned));
}
