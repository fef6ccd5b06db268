/** Imported into a hub's process before the hub itself: how late a timer of 10 ms is, a line of numbers every half second. */
import { appendFileSync } from 'node:fs';

const file = process.env['IOTCTL_TEST_LAG_FILE'] ?? '';
const everyMs = 10;
let late: number[] = [];
let due = performance.now() + everyMs;
setInterval(() => {
  const now = performance.now();
  late.push(Math.max(0, Math.round((now - due) * 10) / 10));
  due = now + everyMs;
}, everyMs).unref();
setInterval(() => {
  if (file !== '') appendFileSync(file, `${JSON.stringify({ at: Date.now(), late })}\n`);
  late = [];
}, 500).unref();
