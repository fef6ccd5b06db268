import { HubError } from '../../../protocol/hub-errors.ts';
import { membersOf, type Fields } from '../untrusted.ts';

/** `capabilities.iotEdge` of an identity or an enrollment, false when absent. Failure: HubError ArgumentInvalid. */
export function parseIotEdge(fields: Fields): boolean {
  const flag = membersOf(fields, 'capabilities').get('iotEdge') ?? false;
  if (typeof flag !== 'boolean') throw new HubError('ArgumentInvalid', 'capabilities.iotEdge must be true or false.');
  return flag;
}
