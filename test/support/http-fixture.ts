/** The REST front over a core, called without a port. */
import { createHttpFront, type HttpFront } from '../../src/hub/http/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { openCore, type CoreFixture } from './core-fixture.ts';

export interface Call {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Policy whose token is sent; null for none. */
  readonly policy?: string | null;
  /** api-version; null for none. */
  readonly version?: string | null;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

export interface HttpFixture extends CoreFixture {
  readonly front: HttpFront;
  call(method: Method, path: string, call?: Call): Promise<Answer>;
}

export async function openHttp(options: Parameters<typeof openCore>[0] = {}): Promise<HttpFixture> {
  const core = await openCore({ withLog: true, ...options });
  const front = await createHttpFront({ core: core.core, clock: core.clock, log: silentLog, version: '1.2.3' });
  return {
    ...core,
    front,
    async call(method, path, { body, headers = {}, policy = 'iothubowner', version = '2021-04-12' } = {}) {
      const token: Record<string, string> = policy === null ? {} : { authorization: core.serviceToken(policy) };
      const url = version === null ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
      const payload =
        body === undefined
          ? {}
          : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) };
      const response = await front.app.inject({ method, url, headers: { ...token, ...headers }, ...payload });
      const json = String(response.headers['content-type']).startsWith('application/json');
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        body: json ? response.json() : undefined,
      };
    },
    async close() {
      await front.close();
      await core.close();
    },
  };
}
