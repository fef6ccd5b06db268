import { BlobError } from '../core/blobs/errors.ts';
import type { BlobPage, BlobProperties, BlobService } from '../core/blobs/service.ts';
import { listXml, type ListView } from './xml.ts';

const mostInPage = 5_000;

/** List Blobs: in the order of the names, page by page, folders folded when a delimiter says so. */
export async function listContainer(
  blobs: BlobService,
  container: string,
  query: URLSearchParams,
  serviceEndpoint: string,
): Promise<string> {
  const view: ListView = {
    serviceEndpoint,
    container,
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: readLimit(query.get('maxresults')),
    marker: query.get('marker') ?? '',
    withMetadata: (query.get('include') ?? '').split(',').includes('metadata'),
  };
  const after = view.marker === '' ? undefined : Buffer.from(view.marker, 'base64url').toString('utf8');
  const page = await blobs.list(container, { prefix: view.prefix, after, limit: view.limit });
  const nextMarker = page.next === undefined ? '' : Buffer.from(page.next).toString('base64url');
  const { single, folders } = fold(page, view, after);
  return listXml(view, { ...page, blobs: single }, folders, nextMarker);
}

function readLimit(text: string | null): number {
  if (text === null || text === '') return mostInPage;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new BlobError('InvalidQueryParameterValue', 'maxresults must be a whole number from 1 on.');
  return Math.min(limit, mostInPage);
}

/** Blobs directly below the prefix, and the folders of the others; a folder that the page before ended in is not told again. */
function fold(
  { blobs }: BlobPage,
  { prefix, delimiter }: ListView,
  after: string | undefined,
): { single: readonly BlobProperties[]; folders: readonly string[] } {
  if (delimiter === '') return { single: blobs, folders: [] };
  const folderOf = (name: string): string | undefined => {
    const end = name.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : name.slice(0, end + delimiter.length);
  };
  const told = after === undefined ? undefined : folderOf(after);
  const single: BlobProperties[] = [];
  const folders = new Set<string>();
  for (const blob of blobs) {
    const folder = folderOf(blob.name);
    if (folder === undefined) single.push(blob);
    else if (folder !== told) folders.add(folder);
  }
  return { single, folders: [...folders] };
}
