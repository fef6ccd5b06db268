import type { IssuedCertificate } from '../../fleet/certificates/index.ts';
import type { AuthorityCertificate } from '../../protocol/certificates.ts';
import type { DocumentView, ListView } from '../output/output.ts';
import { whenText } from './when-text.ts';

/** CA certificates of a hub; how long they hold counts from `now`, Unix milliseconds. */
export function authorityListView(now: number): ListView<AuthorityCertificate> {
  return {
    columns: [
      { header: 'NAME', value: ({ name }) => name, tone: () => 'accent' },
      {
        header: 'VERIFIED',
        value: ({ properties }) => (properties.isVerified ? 'yes' : 'no'),
        tone: ({ properties }) => (properties.isVerified ? 'good' : 'warn'),
      },
      { header: 'EXPIRES', value: ({ properties }) => whenText(properties.expiry, now), align: 'right' },
      { header: 'SUBJECT', value: ({ properties }) => properties.subject },
      { header: 'THUMBPRINT', value: ({ properties }) => properties.thumbprint, wide: true },
      { header: 'EXPIRES AT', value: ({ properties }) => properties.expiry, wide: true },
    ],
    json: toJson,
    name: ({ name }) => name,
    empty: 'no CA certificates; iotctl certificate add NAME FILE adds one',
  };
}

export const authorityView: DocumentView<AuthorityCertificate> = {
  fields: ({ name, properties }) => [
    ['Certificate', name, 'accent'],
    ['Verified', properties.isVerified ? 'yes' : 'no', properties.isVerified ? 'good' : 'warn'],
    ['Subject', properties.subject],
    ['Expires', properties.expiry],
    ['Thumbprint', properties.thumbprint],
  ],
  json: toJson,
  name: ({ name }) => name,
};

function toJson({ name, etag, properties }: AuthorityCertificate): Record<string, unknown> {
  const { subject, thumbprint, expiry, isVerified, created, updated, certificate } = properties;
  return { name, etag, subject, thumbprint, expiry, isVerified, created, updated, certificate };
}

/** A certificate that was just made, and where its files are. */
export const issuedView: DocumentView<IssuedCertificate> = {
  fields: (issued) => [
    ['Name', issued.name, 'accent'],
    ['Kind', issued.kind],
    ['Certificate', issued.certificateFile],
    ['Key', issued.keyFile],
    ['Expires', issued.expires],
    ['SHA-1', issued.sha1],
    ['SHA-256', issued.sha256],
  ],
  json: (issued) => issued,
  name: ({ certificateFile }) => certificateFile,
};
