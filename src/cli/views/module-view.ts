import type { ModuleDetails, ModuleSummary } from '../../fleet/modules/index.ts';
import { identityPath } from '../../protocol/identity-path.ts';
import type { DocumentView, ListView } from '../output/output.ts';
import { ageText } from './device-view.ts';

/** Lists of modules; ages count from `now`, Unix milliseconds. */
export function moduleListView(now: number): ListView<ModuleSummary> {
  return {
    columns: [
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      { header: 'MODULE', value: ({ moduleId }) => moduleId, tone: () => 'accent' },
      {
        header: 'CONNECTION',
        value: ({ connectionState }) => connectionState.toLowerCase(),
        tone: ({ connectionState }) => (connectionState === 'Connected' ? 'good' : 'dim'),
      },
      { header: 'LAST ACTIVITY', value: ({ lastActivityTime }) => ageText(lastActivityTime, now), align: 'right' },
    ],
    json: (module) => module,
    name: ({ deviceId, moduleId }) => identityPath(deviceId, moduleId),
    empty: 'no modules; iotctl module create DEVICE/MODULE makes one',
  };
}

/** One module. */
export function moduleView(now: number): DocumentView<ModuleDetails> {
  return {
    fields: (module) => [
      ['Device', module.deviceId, 'accent'],
      ['Module', module.moduleId, 'accent'],
      ['Managed by', module.managedBy ?? undefined],
      ['Connection', module.connectionState.toLowerCase(), module.connectionState === 'Connected' ? 'good' : 'dim'],
      ['Last activity', ageText(module.lastActivityTime, now)],
      ['Authentication', module.authenticationType],
      ['Primary key', module.primaryKey ?? undefined],
      ['Secondary key', module.secondaryKey ?? undefined],
      ['Connection string', module.connectionString],
      ['ETag', module.etag, 'dim'],
      ['Tags', module.tags],
      ['Desired', module.desired],
      ['Reported', module.reported],
    ],
    json: (module) => module,
    name: ({ deviceId, moduleId }) => identityPath(deviceId, moduleId),
  };
}
