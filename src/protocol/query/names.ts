import type { PathSegment, QuerySource } from './ast.ts';

/** Members of a twin that begin a path. Source: service.md §5.2. */
const deviceRoots: readonly string[] = [
  'deviceId',
  'etag',
  'deviceEtag',
  'status',
  'statusReason',
  'statusUpdateTime',
  'connectionState',
  'lastActivityTime',
  'cloudToDeviceMessageCount',
  'authenticationType',
  'x509Thumbprint',
  'version',
  'modelId',
  'capabilities',
  'deviceScope',
  'parentScopes',
  'tags',
  'properties',
  'configurations',
];

const jobRoots: readonly string[] = [
  'deviceId',
  'moduleId',
  'jobId',
  'jobType',
  'status',
  'startTimeUtc',
  'endTimeUtc',
  'createdDateTimeUtc',
  'lastUpdatedDateTimeUtc',
  'outcome',
  'error',
];

/** Second members that the system names, so that their case does not matter either. */
const innerNames: Readonly<Record<string, readonly string[]>> = {
  properties: ['desired', 'reported'],
  capabilities: ['iotEdge'],
  x509Thumbprint: ['primaryThumbprint', 'secondaryThumbprint'],
};

/** The names that may begin a path, by their lower-case form, and what a name that is none of them means. */
export interface PathScope {
  readonly roots: ReadonlyMap<string, string>;
  /** Names whose second member is the system's, canonical case included. */
  readonly inner: Readonly<Record<string, readonly string[]>>;
  /** Names of the source that a path may begin with, and that say nothing: `devices.jobs.` of a job's members. */
  readonly prefix: readonly string[];
  /** A path that begins with an unknown name is taken to be under this root. */
  readonly defaultRoot: string | undefined;
}

/** The scope of a query or WHERE body over one of the hub's own sources. */
export function sourceScope(source: QuerySource): PathScope {
  const names =
    source === 'devices.jobs' ? jobRoots : source === 'devices.modules' ? [...deviceRoots, 'moduleId'] : deviceRoots;
  return {
    roots: index(names),
    inner: innerNames,
    prefix: source === 'devices.jobs' ? ['devices', 'jobs'] : [],
    defaultRoot: undefined,
  };
}

/** What a condition may speak of beside, or instead of, the twin. */
export interface ConditionScope {
  /** More names that may begin a path, such as `body` or `$system`; one that is the twin's too wins over it. */
  readonly roots?: readonly string[] | undefined;
  /** False when the twin's own names mean nothing. */
  readonly twin?: boolean | undefined;
  /** Where a path that begins with an unknown name is taken to be, such as `body`; without it such a path is an error. */
  readonly defaultRoot?: string | undefined;
}

/** The scope of a condition over something that is not only a twin. */
export function conditionScope(scope: ConditionScope): PathScope {
  const extra = scope.roots ?? [];
  const own = scope.twin === false ? [] : deviceRoots;
  const inner = Object.entries(innerNames).filter(([name]) => own.includes(name) && !extra.includes(name));
  return {
    roots: index([...own, ...extra]),
    inner: Object.fromEntries(inner),
    prefix: [],
    defaultRoot: scope.defaultRoot,
  };
}

/** The path with system names in their canonical case, or undefined when its first name is not known. */
export function canonicalPath(segments: readonly PathSegment[], scope: PathScope): PathSegment[] | undefined {
  const [first, second, ...rest] = withoutPrefix(segments, scope.prefix);
  const root = typeof first === 'string' ? scope.roots.get(first.toLowerCase()) : undefined;
  if (root === undefined) return scope.defaultRoot === undefined ? undefined : [scope.defaultRoot, ...segments];
  if (second === undefined) return [root];
  return [root, canonicalInner(root, second, scope), ...rest];
}

function withoutPrefix(segments: readonly PathSegment[], prefix: readonly string[]): readonly PathSegment[] {
  const starts = prefix.every((name, position) => String(segments[position]).toLowerCase() === name);
  return starts ? segments.slice(prefix.length) : segments;
}

function canonicalInner(root: string, segment: PathSegment, scope: PathScope): PathSegment {
  if (typeof segment !== 'string' || !Object.hasOwn(scope.inner, root)) return segment;
  return scope.inner[root]?.find((name) => name.toLowerCase() === segment.toLowerCase()) ?? segment;
}

function index(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}
