import { manifestName } from './manifest.ts';

/** SQLite files of a data directory. */
export const databaseNames = ['registry.db', 'telemetry.db'] as const;
/** Directories that a backup or a restore is working in, or that one which was killed left behind. */
export const workPrefix = { backup: '.backup-', restore: '.restore-', replaced: '.replaced-' } as const;

/** One or two plain names: nothing that could lead out of the directory, or hide in it. */
const plainName = /^(?!\.)[\w.-]{1,80}(?:\/(?!\.)[\w.-]{1,80})?$/;
/** What an archive has room for. */
const longestName = 100;

/** True for the name of such a directory. */
function isWorkName(name: string): boolean {
  return Object.values(workPrefix).some((prefix) => name.startsWith(prefix));
}

/**
 * True for what a file of a hub may be called, relative to its data directory: a backup takes nothing else along, and a restore
 * makes nothing else.
 */
export function isNameOfHub(name: string): boolean {
  return plainName.test(name) && name.length <= longestName && name !== manifestName;
}

/** True for what belongs to a run of the hub, or to its log, what is not finished, and the databases, which are copied on their own. */
export function isOfRun(name: string): boolean {
  const first = name.split('/', 1)[0] ?? '';
  const isDatabase = databaseNames.some((database) => name.startsWith(database));
  return (
    isWorkName(first) ||
    isDatabase ||
    /^hub\.(?:json|ports\.json|lock.*|log.*)$/.test(name) ||
    /\.(?:tmp|part|log)$/.test(name)
  );
}
