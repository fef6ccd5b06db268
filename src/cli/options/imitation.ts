import { Failure } from '../../errors/index.ts';
import { parseDuration } from '../../std/duration.ts';
import type { HubOptions } from '../../hub/index.ts';
import type { OptionDeclaration } from '../define-command.ts';

type Imitation = NonNullable<HubOptions['imitation']>;

export const imitateOption = {
  name: 'imitate',
  type: 'string',
  value: 'LIMITS',
  summary: "the cloud's limits, as in tier=S1,units=1,lag=30s; iotctl's own extensions are off then",
} as const satisfies OptionDeclaration;

const hint = 'write tier=S1, S2 or S3, units=1 to 200, lag=30s; any of them, with commas between';
const longestLagMs = 3_600_000;

/** Reads `tier=S1,units=2,lag=30s`. Failure: invalid-value. */
export function parseImitation(text: string): Imitation {
  let imitation: Imitation = {};
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    const value = part.slice(equals + 1).trim();
    imitation = { ...imitation, ...readPart(name, value, part) };
  }
  if (imitation.units !== undefined && imitation.tier === undefined)
    throw wrong('units are of a tier, which is missing');
  return imitation;
}

function readPart(name: string, value: string, part: string): Imitation {
  if (name === 'tier') return { tier: readTier(value) };
  if (name === 'units') return { units: readUnits(value) };
  if (name === 'lag') return { lagMs: readLag(value) };
  throw wrong(`"${part}" is none of tier, units and lag`);
}

function readTier(value: string): NonNullable<Imitation['tier']> {
  const tier = value.toUpperCase();
  if (tier === 'S1' || tier === 'S2' || tier === 'S3') return tier;
  throw wrong(`there is no tier "${value}"`);
}

function readUnits(value: string): number {
  const units = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (units >= 1 && units <= 200) return units;
  throw wrong(`units: "${value}" is not a number from 1 to 200`);
}

function readLag(value: string): number {
  const lagMs = parseDuration(value);
  if (lagMs !== undefined && lagMs <= longestLagMs) return lagMs;
  throw wrong(`lag: "${value}" is not a time up to 1h`);
}

function wrong(text: string): Failure {
  return new Failure('invalid-value', `--imitate: ${text}`, { hint });
}
