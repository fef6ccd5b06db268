import { isJsonObject } from '../../std/json.ts';

/** The last file of every backup; an archive without it is not whole. */
export const manifestName = 'manifest.json';
const format = 'iotctl-hub-backup';
const formatVersion = 1;

export interface BackedUpFile {
  readonly name: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  /** Version of the program that wrote it. */
  readonly program: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly files: readonly BackedUpFile[];
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({ format, formatVersion, ...manifest }, undefined, 2)}\n`;
}

/** Throws SyntaxError saying what is wrong. */
export function parseManifest(text: string): Manifest {
  const value = parseJson(text);
  if (!isJsonObject(value) || value['format'] !== format) throw new SyntaxError('it is no backup of a hub');
  if (value['formatVersion'] !== formatVersion)
    throw new SyntaxError('it was written by a newer version of iotctl, which is needed to restore it');
  const { program, createdAt, files } = value;
  if (typeof program !== 'string' || typeof createdAt !== 'string' || !Array.isArray(files))
    throw new SyntaxError('its list of files is damaged');
  return { program, createdAt, files: files.map(readFile) };
}

function readFile(value: unknown): BackedUpFile {
  const { name, size, sha256 } = isJsonObject(value) ? value : {};
  if (typeof name !== 'string' || typeof size !== 'number' || typeof sha256 !== 'string')
    throw new SyntaxError('its list of files is damaged');
  return { name, size, sha256 };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError('its list of files is damaged');
  }
}
