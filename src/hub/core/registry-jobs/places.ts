import { randomUUID } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import { messageOf } from '../../../std/message-of.ts';
import type { BlobService } from '../blobs/service.ts';
import { openLocalContainer } from './local-container.ts';
import type { RegistryJobDraft } from './job-draft.ts';
import type { JobPlaces } from './run.ts';
import type { BlobContainer, OpenContainer } from './service.ts';

interface PlaceParts {
  readonly blobs: BlobService;
  readonly openContainer: OpenContainer;
}

/** Opens and tries the containers of a job, so that a wrong signature is told at once. HubError BlobContainerValidationError. */
export async function openPlaces(
  parts: PlaceParts,
  { input, inputBlobName, output }: RegistryJobDraft,
  signal: AbortSignal,
): Promise<JobPlaces> {
  const target = await validated('outputBlobContainerUri', async () => {
    const container = await open(parts, output, signal);
    await tryOutput(container);
    return container;
  });
  if (input === undefined) return { input: target, output: target };
  const source = await validated('inputBlobContainerUri', async () => {
    const container = await open(parts, input, signal);
    const found = await container.read(inputBlobName);
    // The first byte is proof enough; leaving the loop lets the blob go.
    if (found !== undefined) for await (const _ of found.bytes) break;
    return container;
  });
  return { input: source, output: target };
}

async function open({ blobs, openContainer }: PlaceParts, uri: string, signal: AbortSignal): Promise<BlobContainer> {
  return (await openLocalContainer(uri, blobs)) ?? openContainer(uri, signal);
}

async function tryOutput(container: BlobContainer): Promise<void> {
  const name = `iotctl-${randomUUID()}.tmp`;
  await container.write(name, oneLine());
  await container.remove(name);
}

// oxlint-disable-next-line typescript/require-await -- the container takes any stream
async function* oneLine(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from('a hub tries whether it may write here\n');
}

async function validated(member: string, work: () => Promise<BlobContainer>): Promise<BlobContainer> {
  try {
    return await work();
  } catch (error) {
    throw new HubError('BlobContainerValidationError', `${member} cannot be used: ${messageOf(error)}.`);
  }
}
