import { Failure, isFailure } from '../errors/index.ts';
import { certificatesPath, type AuthorityCertificate } from '../protocol/certificates.ts';
import { ifMatch } from './devices.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient, ServiceRequest } from './http/service-client.ts';
import type { CertificateStore } from './service-api.ts';

const extension: Extension = {
  name: 'CA certificates',
  instead: 'in the cloud they belong to the management API: az iot hub certificate create|verify|list|delete',
};

/** CA certificates, which iotctl's own hub serves beside the REST API. Failure `unsupported` elsewhere. */
export function createCertificateStore(client: ServiceClient): CertificateStore {
  function send({ below = '', ...request }: Omit<ServiceRequest, 'path'> & { readonly below?: string }) {
    return client.request({ ...request, path: `${certificatesPath}${below}`, extension });
  }
  const one = async (request: Parameters<typeof send>[0]): Promise<AuthorityCertificate> =>
    parseAnswer(await send(request), isAuthority, 'certificate');
  /** Names the certificate that is not there, and what shows those that are. */
  const known = async (name: string, request: Parameters<typeof send>[0]): Promise<AuthorityCertificate> => {
    try {
      return await one(request);
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error;
      throw new Failure('not-found', `there is no certificate ${name} on ${client.hostName}`, {
        hint: 'iotctl certificate list',
        cause: error,
      });
    }
  };

  return {
    async list(signal) {
      const answer = await send({ method: 'GET', action: 'list the certificates', signal });
      return parseAnswer(answer, isAuthorityList, 'list of certificates').value;
    },
    get: (name, signal) =>
      known(name, { method: 'GET', below: pathOf(name), action: `read certificate ${name}`, signal }),
    put: (name, { certificate, isVerified = false, etag, signal }) =>
      one({
        method: 'PUT',
        below: pathOf(name),
        ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
        body: { properties: { certificate, ...(isVerified && { isVerified }) } },
        action: `add certificate ${name}`,
        signal,
      }),
    async verificationCode(name, signal) {
      const answer = await known(name, {
        method: 'POST',
        below: `${pathOf(name)}/generateVerificationCode`,
        action: `get a verification code for ${name}`,
        signal,
      });
      return answer.properties.verificationCode ?? '';
    },
    verify: (name, certificate, signal) =>
      one({ method: 'POST', below: `${pathOf(name)}/verify`, body: { certificate }, action: `verify ${name}`, signal }),
    async delete(name, signal) {
      await send({
        method: 'DELETE',
        below: pathOf(name),
        headers: { 'If-Match': '*' },
        action: `delete certificate ${name}`,
        signal,
      });
    },
  };
}

function pathOf(name: string): string {
  return `/${encodeURIComponent(name)}`;
}

function isAuthority(value: object): value is AuthorityCertificate {
  return 'name' in value && 'properties' in value && typeof value.properties === 'object' && value.properties !== null;
}

function isAuthorityList(value: object): value is { value: AuthorityCertificate[] } {
  return 'value' in value && Array.isArray(value.value);
}
