import { X509Certificate } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { artifactsPath } from '../../../protocol/artifacts.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import { parseSasToken, type SasToken } from '../../../protocol/sas-token.ts';
import type { HubCore, PeerCertificates } from '../../core/services.ts';
import { peerCertificatesOf } from '../../tls/index.ts';
import { rights } from '../access.ts';
import { parametersOf } from '../request.ts';

/**
 * Lets in whoever may fetch an artifact: any enabled device, by its token or its certificate; a back-end caller; and whoever has an
 * address that is signed for this very artifact. HubErrors as those of the gatekeeper.
 */
export async function admitReader(
  { gatekeeper, artifacts }: Pick<HubCore, 'gatekeeper' | 'artifacts'>,
  request: FastifyRequest,
  sha256: string,
): Promise<void> {
  const resource = `${artifactsPath}/${sha256}`;
  const parameters = parametersOf(request);
  const { authorization } = request.headers;
  const remote = request.raw.socket.remoteAddress;
  if (authorization === undefined && parameters.has('sig')) {
    // Only the address as it was given out, to the letter: other ways to write it are nobody's.
    const given = `${resource}?se=${parameters.get('se') ?? ''}&sig=${parameters.get('sig') ?? ''}`;
    if (request.url !== given) throw unauthorized();
    await artifacts.verify(sha256, parameters);
    return;
  }
  if (authorization !== undefined) {
    const token = parseSasToken(authorization);
    const identity = token === undefined ? undefined : identityOf(token);
    if (identity === undefined)
      await gatekeeper.authorizeService({ token: authorization, resource, anyOf: rights.artifacts, remote });
    else await gatekeeper.authenticateDevice({ identity, token: authorization, remote });
    return;
  }
  const certificates = peerCertificatesOf(request.raw.socket);
  const identity = parameters.get('device') ?? nameIn(certificates);
  if (certificates === undefined || identity === undefined) throw unauthorized();
  await gatekeeper.authenticateDevice({ identity, certificates, remote });
}

/** The device or module that a token is for; undefined when it is for more, as those of back-end callers are. */
function identityOf({ resource }: SasToken): IdentityPath | undefined {
  const segments = resource.replaceAll(/%2f/gi, '/').split('/').slice(1).map(decode);
  const [first, deviceId = '', second, moduleId = ''] = segments;
  if (first?.toLowerCase() !== 'devices' || deviceId === '') return undefined;
  return second?.toLowerCase() === 'modules' ? identityPath(deviceId, moduleId) : deviceId;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/** The common name, which is the device's id unless the request says another one. */
function nameIn(certificates: PeerCertificates | undefined): string | undefined {
  if (certificates === undefined) return undefined;
  try {
    // The type says string, but several common names come as a list.
    const name: unknown = new X509Certificate(certificates.leaf).toLegacyObject().subject.CN;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function unauthorized(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
}
