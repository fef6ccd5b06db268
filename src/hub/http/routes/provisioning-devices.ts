import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { registrationPath } from '../../../protocol/provisioning/index.ts';
import { TpmChallenge, type OperationAnswer, type RegistrationCredentials } from '../../core/provisioning/service.ts';
import { peerCertificatesOf } from '../../tls/index.ts';
import type { RouteContext } from '../app.ts';
import { bytesOf, idOf, jsonOf } from '../request.ts';

/** Source: device.md §5.7. */
const bodyLimit = 96 * 1024;

/** Devices that register over HTTPS. Source: device.md §5.5. */
export function provisioningDeviceRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const { devices } = core.provisioning;
  const options = { config: { hub: { access: 'route', envelope: 'provisioning' } }, bodyLimit } as const;
  const path = '/:idScope/registrations/:id';

  app.put(`${path}/register`, options, async (request, reply) => {
    const body = bytesOf(request).length === 0 ? undefined : jsonOf(request);
    const credentials = credentialsOf(request);
    try {
      const answer = await devices.register({ ...credentials, body, remote: request.ip });
      const { operationId } = answer.operation;
      void reply.header('location', `/${registrationPath(credentials)}/operations/${operationId}`);
      return answerOperation(reply, answer);
    } catch (error) {
      if (!(error instanceof TpmChallenge)) throw error;
      const { authenticationKey, keyName } = error;
      return reply.code(401).send({ authenticationKey, keyName, unwrappedKey: null });
    }
  });
  app.get(`${path}/operations/:operation`, options, async (request, reply) => {
    const { operation } = request.params as { operation: string };
    return answerOperation(reply, await devices.status(credentialsOf(request), operation));
  });
  app.post(path, options, (request) => devices.lookup(credentialsOf(request)));
}

function credentialsOf(request: FastifyRequest): RegistrationCredentials {
  const { idScope } = request.params as { idScope: string };
  const registrationId = idOf(request);
  if (idScope.includes('/')) throw new HubError('ArgumentInvalid', 'The id scope must not hold a slash.');
  return {
    idScope,
    registrationId,
    token: request.headers.authorization,
    certificates: peerCertificatesOf(request.raw.socket),
  };
}

function answerOperation(reply: FastifyReply, { operation, retryAfter }: OperationAnswer): FastifyReply {
  if (retryAfter !== undefined) void reply.code(202).header('retry-after', retryAfter);
  return reply.send(operation);
}
