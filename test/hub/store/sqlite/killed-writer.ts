/** Writes devices and prints the id of each that was acknowledged, until it is killed. */
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { deviceRecord } from './records.ts';

const store = await openRegistryStore({ file: process.argv[2] ?? '' });

async function writeForever(writer: number): Promise<void> {
  for (let index = 0; index < 100_000; index++) {
    const deviceId = `w${writer}-${index}`;
    await store.write([{ kind: 'insert', record: deviceRecord(deviceId) }]);
    process.stdout.write(`${deviceId}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => writeForever(writer)));
