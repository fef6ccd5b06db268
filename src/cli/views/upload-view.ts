import type { UploadNotice } from '../../fleet/ports.ts';
import type { StreamView } from '../output/output.ts';
import { sizeText } from './size-text.ts';

/** Notices of finished uploads in each format; `now` is Unix ms: lines of the same day show the time alone. */
export function uploadView(now: number): StreamView<UploadNotice> {
  const today = new Date(now).toISOString().slice(0, 10);
  const timeOf = ({ enqueuedTimeUtc }: UploadNotice): string =>
    enqueuedTimeUtc.startsWith(today) ? enqueuedTimeUtc.slice(11) : enqueuedTimeUtc;
  return {
    columns: [
      { header: 'TIME', value: timeOf, tone: () => 'dim' },
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      { header: 'BLOB', value: ({ blobName }) => blobName },
      { header: 'BYTES', value: ({ blobSizeInBytes }) => blobSizeInBytes, align: 'right' },
      { header: 'ADDRESS', value: ({ blobUri }) => blobUri, wide: true },
    ],
    json: (notice) => ({ ...notice }),
    name: ({ blobName }) => blobName,
    lead: 2,
    line: (notice) => [
      [timeOf(notice), 'dim'],
      [notice.deviceId, 'accent'],
      [notice.blobName],
      [sizeText(notice.blobSizeInBytes), 'dim'],
    ],
  };
}
