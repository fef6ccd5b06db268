import { HubError } from '../../../protocol/hub-errors.ts';
import type { DeviceJob } from '../../../protocol/job.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { CommandService, TwinService } from '../services.ts';
import type { JobRecord } from './job-record.ts';

export type Outcome = Pick<DeviceJob, 'status' | 'outcome' | 'error'>;

export interface ActionParts {
  readonly twins: Pick<TwinService, 'patch'>;
  readonly commands: Pick<CommandService, 'invoke'>;
}

export const noResponse = { deviceMethodResponse: null } as const;

/** Does a job's action on one device. What the device or the hub refuses is an outcome; rejects when the signal aborts. */
export async function actOn(
  { twins, commands }: ActionParts,
  { updateTwin, cloudToDeviceMethod }: JobRecord,
  identity: IdentityPath,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    if (cloudToDeviceMethod !== null) {
      const deviceMethodResponse = await commands.invoke(identity, cloudToDeviceMethod, signal);
      return { status: 'completed', outcome: { deviceMethodResponse } };
    }
    await twins.patch(identity, updateTwin, updateTwin?.etag === '' ? undefined : updateTwin?.etag);
    return { status: 'completed', outcome: noResponse };
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(error);
  }
}

function failed(error: unknown): Outcome {
  const { symbol, message } =
    error instanceof HubError ? error : new HubError('ServerError', 'The hub failed to handle the request.');
  return { status: 'failed', outcome: noResponse, error: { code: symbol, description: message } };
}
