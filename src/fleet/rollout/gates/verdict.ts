import { meets, parseLimit, type Limit } from '../model/condition.ts';
import type { GateVerdict } from '../model/record.ts';
import type { Gate } from '../model/spec.ts';

/**
 * `fail` decides first. A value that meets neither limit is inconclusive where there is a limit to fail by, and a failure where there is
 * only one to pass. A limit that cannot be looked at, because there is no control group, leaves it open.
 */
export function verdictOf(
  gate: Pick<Gate, 'pass' | 'fail'>,
  value: number | undefined,
  control: number | undefined,
): GateVerdict {
  if (value === undefined) return 'inconclusive';
  const pass = limitOf(gate.pass);
  const fail = limitOf(gate.fail);
  const failed = fail === undefined ? false : meets(fail, value, control);
  if (failed === true) return 'fail';
  const passed = pass === undefined ? undefined : meets(pass, value, control);
  if (failed === undefined || passed === undefined) return 'inconclusive';
  if (passed) return 'pass';
  return fail === undefined ? 'fail' : 'inconclusive';
}

function limitOf(text: string | undefined): Limit | undefined {
  return text === undefined ? undefined : parseLimit(text);
}
