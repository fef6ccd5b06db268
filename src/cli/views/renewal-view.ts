import type { RenewOutcome } from '../../fleet/devices/index.ts';
import { formatConnectionString } from '../../protocol/connection-string.ts';
import { identityNames } from '../../protocol/identity-path.ts';
import type { ListView } from '../output/output.ts';
import { outcomeView } from './outcome-view.ts';

/** Renewed keys with the keys themselves, for whoever has to bring them to the devices. */
export function renewalView(hostName: string): ListView<RenewOutcome> {
  const plain = outcomeView({ infinitive: 'renew', done: 'renewed', already: 'renewed already' });
  return {
    ...plain,
    columns: [
      ...plain.columns,
      { header: 'CONNECTION STRING', value: (outcome) => connectionStringOf(outcome, hostName), whole: true },
    ],
    json: (outcome) => ({
      ...(plain.json(outcome) as object),
      ...(outcome.keys !== undefined && {
        primaryKey: outcome.keys.primaryKey,
        secondaryKey: outcome.keys.secondaryKey,
        connectionString: connectionStringOf(outcome, hostName),
      }),
    }),
  };
}

function connectionStringOf({ deviceId: identity, keys }: RenewOutcome, hostName: string): string | undefined {
  if (keys === undefined || keys.primaryKey === null) return undefined;
  const { deviceId, moduleId } = identityNames(identity);
  return formatConnectionString({
    hostName,
    deviceId,
    ...(moduleId !== '' && { moduleId }),
    sharedAccessKey: keys.primaryKey,
  });
}
