import type { ProbeReport } from '../../client/index.ts';
import type { ConfigInspection, Connection } from '../../config/index.ts';
import { Failure, toFailure, type FailureCode } from '../../errors/index.ts';
import { checksOfProbe } from './check-hub.ts';
import { failed, ok, skipped, warning, type Check } from './check.ts';

export interface DoctorDependencies {
  readonly inspect: () => Promise<ConfigInspection>;
  /** The chosen hub; Failure `no-hub` when none is. */
  readonly connection: () => Promise<Connection>;
  readonly probe: (connection: Connection) => Promise<ProbeReport>;
  /** Version of Node.js, `24.21.0`. */
  readonly nodeVersion: string;
  /** Version of the SQLite inside it, `3.53.4`. */
  readonly sqliteVersion: () => Promise<string>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const oldestNode = '22.18.0';
/** Older ones can corrupt a database in WAL mode. Source: trust.md §0.3. */
const oldestSqlite = '3.51.3';

/** Looks at everything iotctl needs, one check after the other; what depends on a failed check is skipped. */
export async function* runChecks(dependencies: DoctorDependencies): AsyncGenerator<Check, void, undefined> {
  yield checkVersion('node', 'Node.js', dependencies.nodeVersion, oldestNode, 'install Node.js 24 or newer');
  yield await checkSqlite(dependencies);
  yield* checkConfiguration(await dependencies.inspect());
  let connection: Connection;
  try {
    connection = await dependencies.connection();
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code === 'bug') throw error;
    yield failed('hub', failure.message, failure.hint ?? 'iotctl profile list', failure.code);
    for (const name of ['reachability', 'tls', 'clock', 'credentials', 'services'] as const)
      yield skipped(name, 'no hub is chosen');
    return;
  }
  yield ok('hub', `${connection.hostName}, ${sourceOf(connection)}`);
  yield* checksOfProbe(await dependencies.probe(connection), connection, dependencies.now());
}

/** The failure that checks end with, undefined when none failed: the hub out of reach counts most, then missing rights. */
export function failureOfChecks(checks: readonly Check[]): Failure | undefined {
  const bad = checks.filter(({ verdict }) => verdict === 'failed');
  if (bad.length === 0) return undefined;
  const order: readonly FailureCode[] = ['hub-unreachable', 'tls-untrusted', 'not-authorised', 'token-expired'];
  const code = order.find((candidate) => bad.some((check) => check.code === candidate)) ?? 'check-failed';
  const message = `${bad.length} of ${checks.length} checks failed: ${bad.map(({ name }) => name).join(', ')}`;
  return new Failure(code, message, { hint: bad[0]?.remedy ?? undefined });
}

function checkVersion(name: 'node' | 'sqlite', label: string, version: string, oldest: string, remedy: string): Check {
  if (compareVersions(version, oldest) >= 0) return ok(name, `${label} ${version}`);
  return failed(name, `${label} ${version} is older than ${oldest}`, remedy);
}

async function checkSqlite(dependencies: DoctorDependencies): Promise<Check> {
  try {
    return checkVersion(
      'sqlite',
      'SQLite',
      await dependencies.sqliteVersion(),
      oldestSqlite,
      'install Node.js 24 or newer: it brings SQLite',
    );
  } catch (error) {
    return failed('sqlite', `this Node.js has no SQLite: ${toFailure(error).message}`, 'install Node.js 24 or newer');
  }
}

function* checkConfiguration(inspection: ConfigInspection): Generator<Check, void, undefined> {
  const { directory, exists, files, problems } = inspection;
  if (!exists) {
    yield ok('configuration', `none yet; ${directory} is made when it is needed`);
    yield ok('permissions', 'nothing to protect yet');
    return;
  }
  const unreadable = problems.filter(({ kind }) => kind === 'unreadable');
  const access = problems.filter(({ kind }) => kind !== 'unreadable');
  if (unreadable.length === 0) yield ok('configuration', `${files} ${files === 1 ? 'file' : 'files'} in ${directory}`);
  for (const { problem, remedy } of unreadable) yield failed('configuration', problem, remedy, 'invalid-config');
  if (access.length === 0) yield ok('permissions', 'only you can read it');
  for (const { kind, path, problem, remedy } of access) {
    const detail = `${path}: ${problem}`;
    yield kind === 'foreign' ? failed('permissions', detail, remedy) : warning('permissions', detail, remedy);
  }
}

function sourceOf(connection: Connection): string {
  if (connection.fromConnectionString === true)
    return connection.source === 'flag' ? 'by --connection-string-file' : 'by a connection string in the environment';
  const by = { flag: ' by --profile', environment: ' by IOTCTL_PROFILE', profile: '' }[connection.source];
  return `profile ${connection.name}${by}`;
}

function compareVersions(left: string, right: string): number {
  const [leftParts, rightParts] = [left, right].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let index = 0; index < 3; index++) {
    const difference = (leftParts?.[index] ?? 0) - (rightParts?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
