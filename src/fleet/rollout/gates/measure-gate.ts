import { isFailure } from '../../../errors/index.ts';
import { needsControl } from '../model/gates.ts';
import type { Measurement } from '../model/record.ts';
import type { Gate } from '../model/spec.ts';
import { measureCommand } from './command.ts';
import type { GatePorts, GateSubject, Reading } from './subject.ts';
import { readTelemetryAggregate } from './telemetry-aggregate.ts';
import { readTwinRatio } from './twin-ratio.ts';
import { verdictOf } from './verdict.ts';

/**
 * Measures a gate once. What cannot be measured is inconclusive, and its note says why. Rejects with the signal's reason, and with a
 * failure that is retryable (the hub is away or slows us down), for the caller to measure again: that says nothing about the devices.
 */
export async function measureGate(
  gate: Gate,
  subject: GateSubject,
  ports: GatePorts,
  signal?: AbortSignal,
): Promise<Measurement> {
  try {
    if (gate.command !== undefined) return await measureCommand(gate, subject, ports, signal);
    const reading = await read(gate, subject, ports, signal);
    const { value, control, note } = reading;
    return { at: ports.clock.now(), ...reading, verdict: verdictOf(gate, value, control), ...noteOf(note) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFailure(error) || error.retryable) throw error;
    return { at: ports.clock.now(), verdict: 'inconclusive', ...noteOf(error.message) };
  }
}

async function read(gate: Gate, subject: GateSubject, ports: GatePorts, signal?: AbortSignal): Promise<Reading> {
  if (subject.updated.length === 0) return { note: 'no device of the wave is updated' };
  const withControl = needsControl(gate);
  if (withControl && subject.control.length === 0) return { note: 'no device is left to compare with' };
  const groups = { updated: subject.updated, control: withControl ? subject.control : [] };
  if (gate.twin !== undefined) return readTwinRatio(gate.twin, { ...subject, ...groups }, ports, signal);
  if (gate.telemetry !== undefined) return readTelemetryAggregate(gate.telemetry, groups, ports, signal);
  return { note: 'the gate has nothing to measure' };
}

function noteOf(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note: note.slice(0, 300) };
}
