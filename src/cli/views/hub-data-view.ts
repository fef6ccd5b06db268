import type { Verification } from '../../fleet/backup/index.ts';
import type { DocumentView } from '../output/output.ts';

/** What a check of a hub's data found. */
export const hubDataView: DocumentView<Verification & { readonly dataDir: string }> = {
  fields: ({ dataDir, checked, problems }) => [
    ['Data', dataDir],
    ['Devices and modules', checked.records],
    ['Documents', checked.documents],
    ['Telemetry', `${checked.messages} messages in ${checked.batches} batches`],
    ['Firmware files', checked.artifacts],
    ['Uploaded files', checked.blobFiles],
    ['State', problems.length === 0 ? 'all is as it was written' : 'damaged', problems.length === 0 ? 'good' : 'bad'],
    ...problems.map(({ file, problem }) => ['Problem', `${file}: ${problem}`, 'bad'] as const),
  ],
  json: ({ dataDir, checked, problems }) => ({ dataDir, valid: problems.length === 0, checked, problems }),
  name: ({ dataDir }) => dataDir,
};
