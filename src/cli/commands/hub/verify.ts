import { Failure } from '../../../errors/index.ts';
import { defineCommand } from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';
import { hubDataView } from '../../views/hub-data-view.ts';

export const command = defineCommand({
  name: 'hub verify',
  summary: 'Check the data of the hub on this machine for damage.',
  description: `Reads everything that a hub keeps, whether it runs or not, and changes nothing: the structure of both databases and their \
journals, each device, twin, document and batch of telemetry against its checksum, firmware files against their digests, uploads \
against theirs, certificates against their keys. What is not as it was written is listed, and the exit code is 1. What a hub finds \
damaged it does not serve, and never removes: bring it again, or restore a backup.`,
  options: [dataOption],
  examples: [
    { run: 'iotctl hub verify', explains: 'the hub of this machine, running or not; exit 1 when something is damaged' },
    { run: 'iotctl hub verify --data ./hub -o json --query problems', explains: 'the problems alone, for a script' },
  ],
  exitCodes: [1, 3, 4, 143],
  output: 'document',
  async run(context, input) {
    const { verifyHub } = await import('../../../fleet/backup/index.ts');
    const dataDir = dataDirectory(context, input);
    const progress = context.notes.progress('checking');
    const onPart = (part: string): void => progress.say(part);
    const found = await verifyHub({ dataDir, signal: context.signal, onPart }).catch((error: unknown) => {
      progress.stop();
      throw error;
    });
    progress.done('checked');
    await context.output.document({ dataDir, ...found }, hubDataView);
    const count = found.problems.length;
    if (count > 0)
      throw new Failure(
        'data-unusable',
        `the data in ${dataDir} is not what was written: ${count} ${count === 1 ? 'problem' : 'problems'}`,
        { hint: 'restore a backup: iotctl hub restore FILE' },
      );
  },
});
