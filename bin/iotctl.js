#!/usr/bin/env node
// Plain JavaScript that also parses on old versions of Node: it only decides which Node runs the program.
import fs from 'fs';
import module from 'module';
import os from 'os';
import { fileURLToPath } from 'url';
const [major, minor] = process.versions.node.split('.').map(Number);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const cache = process.env.XDG_CACHE_HOME || process.env.LOCALAPPDATA || os.homedir() + '/.cache';
const entry = fs.existsSync(here('../src/main.ts')) ? '../src/main.ts' : '../dist/main.js';
if (major > 22 || (major === 22 && minor >= 18)) {
  module.enableCompileCache((process.env.IOTCTL_CACHE_DIR || cache + '/iotctl') + '/compile');
  void import(entry).then((program) => program.main());
} else void import('./re-execute.js').then((old) => old.reExecute(here('../node_modules/node/bin/node')));
