import { Failure } from '../../errors/index.ts';
import type { FleetFirmwareOptions, FirmwareStart } from '../../device/index.ts';
import type { CommandContext } from '../context.ts';
import {
  choiceOption,
  switchOption,
  textOption,
  type CommandInput,
  type OptionDeclaration,
} from '../define-command.ts';
import { nameOfInput, readText } from '../firmware/read-bytes.ts';
import { camelCase } from './read-input.ts';

const downloads = ['once', 'each'] as const;

/** Flags of simulated devices that rollouts can update. */
export const simulatedFirmwareOptions = [
  { name: 'firmware', summary: 'the devices have firmware that rollouts can update; needs --trust' },
  {
    name: 'trust',
    type: 'string',
    value: 'FILE',
    summary: 'keys that the devices take firmware from (NAME.trust.json)',
    complete: 'file',
  },
  { name: 'firmware-version', type: 'string', value: 'VERSION', summary: 'what they run at first', default: '1.0.0' },
  {
    name: 'hardware',
    type: 'string',
    value: 'MODEL',
    summary: 'what they are, as manifests name it; the model by default',
  },
  {
    name: 'firmware-manifest',
    type: 'string',
    value: 'FILE',
    summary: 'what they run at first, as its manifest says',
    complete: 'file',
  },
  {
    name: 'faults',
    type: 'string',
    value: 'LIST',
    summary: 'what goes wrong with updates, such as brick=2%,revert=1%,offline=30%,bad-image=2.0.0',
  },
  {
    name: 'download',
    type: 'string',
    value: 'HOW',
    choices: downloads,
    summary: 'fetch each file once for all devices, or each device for itself',
    default: 'once',
  },
] as const satisfies readonly OptionDeclaration[];

/** What the flags say; undefined without `--firmware`. Failures: usage, invalid-value, invalid-input, those of files. */
export async function readSimulatedFirmware(
  context: Pick<CommandContext, 'stdin'>,
  input: CommandInput,
  model: string,
): Promise<FleetFirmwareOptions | undefined> {
  if (!switchOption(input, 'firmware')) {
    const needing = ['trust', 'hardware', 'firmware-manifest', 'faults'];
    const given = needing.find((name) => textOption(input, camelCase(name)) !== undefined);
    if (given !== undefined) throw new Failure('usage', `--${given} is about firmware: add --firmware`);
    return undefined;
  }
  const { readFaults } = await import('../../fleet/simulation/index.ts');
  return {
    start: await readStart(context, input, model),
    faults: readFaults('--faults', textOption(input, 'faults') ?? 'none'),
    download: choiceOption(input, 'download', downloads) ?? 'once',
  };
}

async function readStart(
  context: Pick<CommandContext, 'stdin'>,
  input: CommandInput,
  model: string,
): Promise<FirmwareStart> {
  const file = textOption(input, 'trust');
  if (file === undefined)
    throw new Failure('usage', '--firmware needs the keys that the devices trust: --trust FILE', {
      hint: 'iotctl firmware keygen NAME',
    });
  const { readManifestJson, readSignedManifest, readTrustText } = await import('../../fleet/firmware/index.ts');
  const { trust } = readTrustText(await readText(context, file), nameOfInput(file));
  const manifestFile = textOption(input, 'firmwareManifest');
  const hardware = textOption(input, 'hardware');
  if (manifestFile !== undefined) {
    const name = nameOfInput(manifestFile);
    const { manifest } = readSignedManifest(readManifestJson(await readText(context, manifestFile), name), name);
    const { version, sha256: digest, releaseCounter } = manifest;
    return {
      version,
      digest,
      releaseCounter,
      trust,
      hardware: await checkedHardware(hardware ?? manifest.hardware[0] ?? model),
    };
  }
  const { versionSchema } = await import('../../protocol/firmware/index.ts');
  const version = textOption(input, 'firmwareVersion') ?? '1.0.0';
  if (!versionSchema.safeParse(version).success)
    throw new Failure('invalid-value', `--firmware-version: "${version}" is not a version such as 1.4.2`);
  return { version, trust, hardware: await checkedHardware(hardware ?? model) };
}

async function checkedHardware(text: string): Promise<string> {
  const { hardwareSchema } = await import('../../protocol/firmware/index.ts');
  if (hardwareSchema.safeParse(text).success) return text;
  throw new Failure('invalid-value', `--hardware: "${text}" is not 1 to 64 letters, digits and . _ : + -`);
}
