import type { Connection } from '../config/profile.ts';
import { Failure } from '../errors/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface ProvisioningChoice {
  /** By flag. */
  readonly connectionStringFile: string | undefined;
  readonly env: Environment;
  /** The hub that is chosen anyway. */
  readonly hub: () => Promise<Connection>;
  readonly resolve: (choice: { connectionStringFile: string | undefined; env: Environment }) => Promise<Connection>;
}

/**
 * The provisioning service to talk to: the flag, then `IOTCTL_DPS_CONNECTION_STRING[_FILE]`, then the chosen hub when it is
 * iotctl's own, which serves both. `IOTCTL_DPS_SERVICE_URL` completes a connection string where the service is at another port.
 */
export async function chooseProvisioning({ connectionStringFile, env, hub, resolve }: ProvisioningChoice) {
  const own: Environment = {
    IOTCTL_CONNECTION_STRING: env['IOTCTL_DPS_CONNECTION_STRING'],
    IOTCTL_CONNECTION_STRING_FILE: env['IOTCTL_DPS_CONNECTION_STRING_FILE'],
    IOTCTL_SERVICE_URL: env['IOTCTL_DPS_SERVICE_URL'],
    IOTCTL_CA_FILE: env['IOTCTL_CA_FILE'],
  };
  const isNamed = (name: string): boolean => (own[name] ?? '').trim() !== '';
  if (
    connectionStringFile !== undefined ||
    isNamed('IOTCTL_CONNECTION_STRING') ||
    isNamed('IOTCTL_CONNECTION_STRING_FILE')
  )
    return resolve({ connectionStringFile, env: own });
  const chosen = await hub();
  if (chosen.kind === 'local') return chosen;
  throw new Failure('unsupported', `${chosen.name} is a hub in the cloud; its provisioning service is another one`, {
    hint: 'name it by --dps-connection-string-file FILE or IOTCTL_DPS_CONNECTION_STRING_FILE',
  });
}
