import type { DeviceCredentials } from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import type { DeviceAddress } from '../../fleet/simulation/index.ts';
import type { CommandContext } from '../context.ts';

/** Who this machine is and where it connects: by IOTCTL_DEVICE_CONNECTION_STRING, or made at the selected hub. */
export async function readDeviceIdentity(
  context: CommandContext,
  wanted: string | undefined,
): Promise<{ credentials: DeviceCredentials; address: DeviceAddress }> {
  const { agentDeviceId, parseDeviceConnectionString, provisionAgent } = await import('../../fleet/agent/index.ts');
  const given = context.env['IOTCTL_DEVICE_CONNECTION_STRING'];
  if (given === undefined || given === '') {
    const credentials = await provisionAgent(await context.hub(), wanted ?? agentDeviceId(), context.signal);
    return { credentials, address: await context.connection() };
  }
  const { credentials, address } = parseDeviceConnectionString(given);
  if (wanted !== undefined && wanted !== credentials.deviceId) {
    throw new Failure(
      'usage',
      `--device ${wanted} is not the device of IOTCTL_DEVICE_CONNECTION_STRING, ${credentials.deviceId}`,
    );
  }
  const { IOTCTL_DEVICE_URL: deviceUrl, IOTCTL_CA_FILE: caFile } = context.env;
  return { credentials, address: { ...address, ...(deviceUrl && { deviceUrl }), ...(caFile && { caFile }) } };
}
