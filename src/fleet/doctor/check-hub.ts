import type { ProbeReport } from '../../client/index.ts';
import type { Connection } from '../../config/profile.ts';
import { formatDuration } from '../../std/duration.ts';
import { failed, ok, skipped, warning, type Check } from './check.ts';

/** Tokens live an hour and hubs allow five minutes of skew. */
const noticedSkewMs = 60_000;
const refusedSkewMs = 300_000;
const soonMs = 30 * 86_400_000;
const roleAdvice = 'give them the role IoT Hub Data Contributor on the hub, or IoT Hub Data Reader to look only';

/** What a probe of the hub says, as checks. `now` is Unix milliseconds. */
export function checksOfProbe(report: ProbeReport, connection: Connection, now: number): Check[] {
  const { failure } = report;
  if (failure?.code === 'tls-untrusted') {
    return [
      ok('reachability', `${report.address} answers`),
      failed('tls', failure.message, failure.hint ?? 'iotctl hub env', 'tls-untrusted'),
      skipped('clock', 'needs a trusted connection'),
      skipped('credentials', 'needs a trusted connection'),
      skipped('services', 'needs a trusted connection'),
    ];
  }
  if (failure?.code === 'not-authorised' || failure?.code === 'input-required') {
    // Without a token the hub is not even asked.
    return [
      ...(['reachability', 'tls', 'clock'] as const).map((name) => skipped(name, 'needs a sign-in')),
      failed('credentials', failure.message, failure.hint ?? roleAdvice, 'not-authorised'),
      skipped('services', 'needs a sign-in'),
    ];
  }
  if (failure !== undefined) {
    return [
      failed('reachability', failure.message, failure.hint ?? 'iotctl hub status', 'hub-unreachable'),
      ...(['tls', 'clock', 'credentials', 'services'] as const).map((name) =>
        skipped(name, 'the hub cannot be reached'),
      ),
    ];
  }
  return [
    ok('reachability', `${report.address} answers in ${formatDuration(report.roundTripMs ?? 0)}`),
    checkTls(report, now),
    checkClock(report),
    checkCredentials(report, connection),
    checkServices(report, connection),
  ];
}

/** Most of what is missing is in the nature of the hub; a tier without twins was perhaps chosen by mistake. */
function checkServices({ parts }: ProbeReport, connection: Connection): Check {
  const served = parts.filter((part) => part.served === true).map(({ detail }) => detail);
  const missing = parts.filter((part) => part.served === false);
  const text = [
    served.length === 0 ? 'the hub does not say what it serves' : `it serves ${served.join('; ')}`,
    ...(missing.length === 0 ? [] : [`not ${missing.map(({ detail }) => detail).join('; ')}`]),
  ].join('; ');
  const lacksTwins = missing.some(({ part }) => part === 'twins') && connection.kind === 'cloud';
  return lacksTwins ? warning('services', text, 'use a hub of a standard tier') : ok('services', text);
}

function checkTls(report: ProbeReport, now: number): Check {
  if (!report.secure) return ok('tls', 'plain HTTP, on this machine only');
  const end = report.certificateEndsAt;
  if (end === undefined) return ok('tls', 'the certificate is trusted');
  const date = new Date(end).toISOString().slice(0, 10);
  if (end - now < soonMs)
    return warning('tls', `the certificate is trusted, but ends on ${date}`, 'renew the certificate of the hub');
  return ok('tls', `the certificate is trusted until ${date}`);
}

function checkClock(report: ProbeReport): Check {
  const skew = report.clockSkewMs;
  if (skew === undefined) return skipped('clock', 'the hub does not tell its time');
  const size = formatDuration(Math.abs(skew));
  const text = `this machine's clock is ${size} ${skew > 0 ? 'ahead of' : 'behind'} the hub's`;
  if (Math.abs(skew) >= refusedSkewMs)
    return failed('clock', text, 'set the clock of this machine (tokens are refused)', 'token-expired');
  if (Math.abs(skew) >= noticedSkewMs) return warning('clock', text, 'set the clock of this machine');
  return ok('clock', 'within a minute of the hub');
}

function checkCredentials(report: ProbeReport, connection: Connection): Check {
  const { registryRead, registryWrite, serviceConnect } = report.permissions;
  const rights = [
    ['read devices', registryRead],
    ['change devices', registryWrite],
    ['query, read twins, send commands and read telemetry', serviceConnect],
  ] as const;
  const who = connection.auth === 'key' ? `policy ${connection.sharedAccessKeyName}` : 'whoever is signed in';
  const granted = rights.filter(([, allowed]) => allowed === true).map(([text]) => text);
  const denied = rights.filter(([, allowed]) => allowed === false).map(([text]) => text);
  if (granted.length === 0 && denied.length > 0) {
    return failed(
      'credentials',
      `the hub refuses ${who}`,
      connection.auth === 'key' ? `check the key: iotctl profile add ${connection.name} --replace` : roleAdvice,
      'not-authorised',
    );
  }
  if (granted.length === 0) return warning('credentials', `the hub does not say what ${who} may do`, 'try again');
  const may = `${who} may ${granted.join('; ')}`;
  if (denied.length === 0) return ok('credentials', may);
  return warning(
    'credentials',
    `${may}; it may not ${denied.join('; ')}`,
    connection.auth === 'key' ? 'use the policy iothubowner for everything' : roleAdvice,
  );
}
