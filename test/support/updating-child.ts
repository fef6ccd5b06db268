/**
 * Updates a directory of firmware as an agent does, until nothing is under way: DIRECTORY OFFER. Each report is a line of
 * DIRECTORY/../reports before it counts as told.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openFirmware } from '../../src/device/firmware/files/open-firmware.ts';
import { readTrust } from '../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { realClock } from './real-clock.ts';

const [, , directory = '', offerFile = ''] = process.argv;
const beside = (name: string): string => join(dirname(directory), name);
const { trust } = readTrust(JSON.parse(readFileSync(beside('trust.json'), 'utf8')) as unknown);
const installer = await openFirmware(
  {
    directory,
    first: { version: '1.0.0', image: beside('old.bin'), hardware: 'pump-v2', trust, uid: process.getuid?.() },
  },
  {
    clock: realClock,
    random: () => 0,
    environment: { PATH: process.env['PATH'] },
    isConnected: () => true,
    report: (report) => appendFileSync(beside('reports'), `${JSON.stringify(report)}\n`),
    delivered: () => Promise.resolve(),
    onTrouble: (message) => appendFileSync(beside('troubles'), `${message}\n`),
    limits: { pauseMs: 20 },
  },
);
installer.desired(JSON.parse(readFileSync(offerFile, 'utf8')) as JsonObject);
await installer.settled();
await installer.stop();
