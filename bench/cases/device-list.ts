import { join } from 'node:path';
import type { BenchCase } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { alternate, median } from '../support/samples.ts';
import { runEmpty } from './start-up.ts';

const deviceCount = 100;

export const deviceList: BenchCase = {
  name: 'device-list',
  question: `How long does \`iotctl device list\` take on ${deviceCount} devices beside an empty Node program?`,
  async run({ workspace, small }) {
    const own = await workspace.fresh('device-list');
    const hub = await startHub(own);
    try {
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, makeDevices('pump-', deviceCount));
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const names = (await own.iotctl(['device', 'list', '-o', 'name'])).stdout.trimEnd().split('\n');
      if (names.length !== deviceCount)
        throw new Error(`device list shows ${names.length} devices instead of ${deviceCount}`);
      const samples = await alternate(small ? 3 : 15, {
        empty: runEmpty,
        list: async () => (await own.iotctl(['device', 'list'])).ms,
      });
      return {
        measures: [
          { name: 'empty Node program', unit: 'ms', samples: samples.empty },
          { name: 'iotctl device list', unit: 'ms', samples: samples.list },
        ],
        figures: [
          {
            name: 'iotctl device list / empty program',
            value: median(samples.list) / median(samples.empty),
            unit: 'x',
            target: { atMost: 4 },
          },
        ],
        notes: ['Through the profile that `hub start` made, against a running hub on the same machine.'],
      };
    } finally {
      await hub.stop();
    }
  },
};
