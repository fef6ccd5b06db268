import { HubError } from '../../../protocol/hub-errors.ts';
import { deviceIdProblem } from '../../../protocol/device-id.ts';
import { identityNames, type IdentityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import { fieldsOf, stringField, type Fields } from '../untrusted.ts';

/** Checks the ids of the path and that the body does not name others. Failure: HubError ArgumentInvalid. */
export function readIdentityBody(names: IdentityNames, body: unknown): Fields {
  checkIds(names);
  const { deviceId, moduleId } = names;
  const fields = fieldsOf(body, moduleId === '' ? 'The device' : 'The module');
  checkSame(fields, 'deviceId', deviceId);
  if (moduleId !== '') checkSame(fields, 'moduleId', moduleId);
  return fields;
}

/** Failure: HubError ArgumentInvalid. */
export function checkIds({ deviceId, moduleId }: IdentityNames): void {
  const problem = deviceIdProblem(deviceId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The device id ${problem}.`);
  const moduleProblem = moduleId === '' ? undefined : deviceIdProblem(moduleId);
  if (moduleProblem !== undefined) throw new HubError('ArgumentInvalid', `The module id ${moduleProblem}.`);
}

/** Ids that begin with `$` belong to the system. Source: service.md §2.3. */
export function isSystemModule(identity: IdentityPath): boolean {
  return identityNames(identity).moduleId.startsWith('$');
}

function checkSame(fields: Fields, name: string, expected: string): void {
  const named = stringField(fields, name);
  if (named !== undefined && named !== expected)
    throw new HubError('ArgumentInvalid', `${name} in the body differs from the one in the path.`);
}
