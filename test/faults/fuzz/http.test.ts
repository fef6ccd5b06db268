/** C-23: every route of the REST side with damaged addresses, headers and bodies: an answer in the hub's own words, never a 500. */
import { afterAll, beforeAll, it } from 'vitest';
import { openHttp, type HttpFixture, type Method } from '../../support/http-fixture.ts';
import { textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText } from './support/mutate.ts';
import { below, pick } from './support/random.ts';

const methods: readonly Method[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];
const addresses = [
  '/devices',
  '/devices/d1',
  '/devices/d1/modules',
  '/devices/d1/modules/m1',
  '/devices/query',
  '/devices/keys/regenerate',
  '/devices/d1/messages/events',
  '/devices/d1/messages/deviceBound',
  '/devices/d1/messages/deviceBound/x/abandon',
  '/devices/d1/files',
  '/devices/d1/files/notifications/x',
  '/devices/d1/applyConfigurationContent',
  '/devices/d1/commands',
  '/twins/d1',
  '/twins/d1/methods',
  '/twins/d1/modules/m1',
  '/digitaltwins/d1',
  '/digitaltwins/d1/commands/x',
  '/statistics/devices',
  '/configurations',
  '/configurations/c1',
  '/configurations/testQueries',
  '/jobs/v2/j1',
  '/jobs/v2/j1/cancel',
  '/jobs/v2/query?jobType=x&jobStatus=y',
  '/jobs/create',
  '/jobs/1',
  '/messages/serviceBound/feedback',
  '/enrollments/r1',
  '/enrollments/query',
  '/enrollments/r1/attestationmechanism',
  '/enrollmentGroups/g1',
  '/registrations/r1',
  '/registrations/g1/query',
  '/iotctl/telemetry?from=0:0&until=x&follow=false&device=*',
  '/iotctl/events',
  '/iotctl/records/a/b',
  '/iotctl/records?prefix=a&limit=3',
  '/iotctl/artifacts',
  '/iotctl/certificates',
  '/iotctl/certificates/c1/verify',
  '/iotctl/containers/exports',
  '/iotctl/faults',
  '/iotctl/audit',
  '/iotctl/status',
  '/iotctl/identities/read',
  '/0ne00000000/registrations/r1/register',
];
const headers = [
  'if-match',
  'if-none-match',
  'content-type',
  'range',
  'iothub-messageid',
  'iothub-app-x',
  'x-ms-continuation',
  'x-ms-max-item-count',
  'expect',
  'accept-encoding',
];

let http: HttpFixture;
beforeAll(async () => {
  http = await openHttp();
  await http.call('PUT', '/devices/d1', { body: { deviceId: 'd1' } });
});
afterAll(() => http.close());

it('C-23 requests are answered, whatever they are', async () => {
  const bodies = textCorpus('json');
  const values = textCorpus('documents');
  await fuzz({
    id: 'C-23',
    name: 'http-requests',
    cases: { smoke: 250, full: 150_000 },
    make: (random) => {
      const address = pick(random, addresses);
      const text = random() < 0.4 ? address : `/${mutateText(random, address.slice(1), addresses)}`;
      return {
        method: pick(random, methods),
        // What a client of HTTP could send at all.
        path: text
          .replaceAll(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()))
          .replaceAll('#', '%23'),
        headers: Object.fromEntries(
          Array.from({ length: below(random, 3) }, () => [
            pick(random, headers),
            mutateText(random, pick(random, values)).replaceAll(/[^\x20-\x7e]/g, ''),
          ]),
        ),
        body:
          random() < 0.7
            ? random() < 0.5
              ? pick(random, bodies)
              : mutateText(random, pick(random, bodies), bodies)
            : undefined,
        version: random() < 0.9 ? '2021-04-12' : null,
      };
    },
    async check({ method, path, headers: given, body, version }) {
      // The injector itself takes addresses apart as URLs; sockets.test.ts sends the others.
      if (!URL.canParse(`http://localhost${path}`) || /^\/[/\\]|iotctl\/telemetry.*follow=(?:true|&|$)/i.test(path))
        return;
      const answer = await http.call(method, path, { headers: given, body, version });
      // 501 is what the hub says to what it does not do.
      if (answer.status >= 500 && answer.status !== 501 && answer.status !== 504)
        throw new Error(`${answer.status} ${answer.text.slice(0, 300)}`);
      if (/at \S+ \(|node_modules|\/src\//.test(answer.text))
        throw new Error(`the inside shows: ${answer.text.slice(0, 300)}`);
      if (http.errors.length > 0) throw new Error(`work in the background failed: ${String(http.errors.splice(0)[0])}`);
    },
    show: JSON.stringify,
  });
});
