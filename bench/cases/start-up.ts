import { fileURLToPath } from 'node:url';
import type { BenchCase } from '../support/case.ts';
import { runNode } from '../support/processes.ts';
import { alternate, median } from '../support/samples.ts';

const emptyProgram = fileURLToPath(new URL('../peers/empty.js', import.meta.url));

/** The yardstick of everything that is short: a Node program without a line. */
export async function runEmpty(): Promise<number> {
  return (await runNode([emptyProgram])).ms;
}

export const startUp: BenchCase = {
  name: 'start-up',
  question: 'How long does `iotctl --version` take beside an empty Node program?',
  async run({ workspace, small }) {
    const samples = await alternate(small ? 3 : 15, {
      empty: runEmpty,
      version: async () => (await workspace.iotctl(['--version'])).ms,
    });
    return {
      measures: [
        { name: 'empty Node program', unit: 'ms', samples: samples.empty },
        { name: 'iotctl --version', unit: 'ms', samples: samples.version },
      ],
      figures: [
        {
          name: 'iotctl --version / empty program',
          value: median(samples.version) / median(samples.empty),
          unit: 'x',
          target: { atMost: 1.3 },
        },
      ],
      notes: ['Wall clock from spawn to exit, launcher included, compile cache warm.'],
    };
  },
};
