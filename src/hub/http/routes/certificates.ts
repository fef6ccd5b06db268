import type { FastifyInstance, FastifyReply } from 'fastify';
import { certificatesPath, type AuthorityCertificate } from '../../../protocol/certificates.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { idOf, ifMatchOf, jsonOf } from '../request.ts';

/**
 * CA certificates that devices may come with. An extension of ours: in the cloud they belong to the management API, whose shapes
 * and operations these are.
 */
export function certificateRoutes(app: FastifyInstance, { core: { certificates } }: RouteContext): void {
  const read = { config: { hub: { access: rights.readDevices, unversioned: true } } } as const;
  const write = { config: { hub: { access: rights.writeDevices, unversioned: true } }, bodyLimit: 128 * 1024 } as const;
  const path = `${certificatesPath}/:id`;

  app.get(certificatesPath, read, async () => ({ value: await certificates.list() }));
  app.get(path, read, async (request, reply) => withEtag(reply, await certificates.get(idOf(request))));
  app.put(path, write, async (request, reply) =>
    withEtag(reply, await certificates.put(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
  app.delete(path, write, async (request, reply) => {
    await certificates.delete(idOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
  app.post(`${path}/generateVerificationCode`, write, async (request, reply) =>
    withEtag(reply, await certificates.newVerificationCode(idOf(request), ifMatchOf(request))),
  );
  app.post(`${path}/verify`, write, async (request, reply) =>
    withEtag(reply, await certificates.verify(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
}

function withEtag(reply: FastifyReply, certificate: AuthorityCertificate): AuthorityCertificate {
  void reply.header('etag', `"${certificate.etag}"`);
  return certificate;
}
