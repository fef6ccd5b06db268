import type { GateVerdict, Measurement } from '../model/record.ts';
import type { Gate } from '../model/spec.ts';
import type { GatePorts, GateSubject, ProgramEnd } from './subject.ts';

/** A command has as long as this when its gate does not say, seconds. */
const defaultTimeout = 60;

/** Runs the command of a gate: exit 0 passes, 1 fails, anything else is inconclusive; its last line is the note. */
export async function measureCommand(
  { name, command = [], timeout = defaultTimeout }: Pick<Gate, 'name' | 'command' | 'timeout'>,
  { rolloutId, firmwareVersion, wave }: GateSubject,
  { clock, runProgram }: Pick<GatePorts, 'clock' | 'runProgram'>,
  signal?: AbortSignal,
): Promise<Measurement> {
  if (runProgram === undefined) {
    return { at: clock.now(), verdict: 'inconclusive', note: 'this controller is not allowed to run commands' };
  }
  const end = await runProgram(command, {
    env: {
      IOTCTL_ROLLOUT: rolloutId,
      // As the commands count waves, from 1.
      IOTCTL_WAVE: String(wave + 1),
      IOTCTL_GATE: name,
      IOTCTL_FIRMWARE_VERSION: firmwareVersion,
    },
    timeoutMs: timeout * 1_000,
    ...(signal && { signal }),
  });
  const note = plainLine(end.kind === 'exited' ? end.lastLine : end.reason);
  return { at: clock.now(), verdict: verdictOfEnd(end), ...(note !== '' && { note }) };
}

function verdictOfEnd(end: ProgramEnd): GateVerdict {
  if (end.kind !== 'exited') return 'inconclusive';
  if (end.code === 0) return 'pass';
  return end.code === 1 ? 'fail' : 'inconclusive';
}

const longestNote = 200;

/** One line of plain text: without escape sequences and control characters, and short. */
function plainLine(text: string): string {
  const plain = text
    // oxlint-disable-next-line no-control-regex -- colours and cursor movements of programs begin with them
    .replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g, '')
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
  const characters = Array.from(plain);
  return characters.length <= longestNote ? plain : `${characters.slice(0, longestNote - 1).join('')}…`;
}
