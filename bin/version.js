// Says the version without loading the program: scripts and installers ask for it again and again.
import { readFileSync, writeSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
try {
  writeSync(1, `${version}\n`);
} catch {
  // What cannot be written is told in the way of every command.
  await import('./start.js');
}
