import { X509Certificate } from 'node:crypto';
import type { AuthorityCertificate } from '../../../protocol/certificates.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { etagOf } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';

/** A CA certificate as it is kept. Times are Unix milliseconds. */
export interface StoredAuthority {
  readonly name: string;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly isVerified: boolean;
  /** What a proof has to be made out to; undefined when none was asked for. */
  readonly verificationCode: string | undefined;
  readonly created: number;
  readonly updated: number;
  readonly revision: number;
}

export function toDocument(authority: StoredAuthority): JsonObject {
  const { certificate, isVerified, verificationCode, created, updated, revision } = authority;
  return {
    certificate: Buffer.from(certificate).toString('base64'),
    isVerified,
    verificationCode: verificationCode ?? null,
    created,
    updated,
    revision,
  };
}

/** Reads the stored form strictly: what cannot be understood must not become trusted. */
export function parseStored(name: string, document: JsonObject): StoredAuthority {
  const { certificate, isVerified, verificationCode, created, updated, revision } = document;
  if (typeof certificate !== 'string' || typeof isVerified !== 'boolean')
    throw new TypeError(`the stored certificate ${name} lacks a part`);
  return {
    name,
    certificate: Buffer.from(certificate, 'base64'),
    isVerified,
    verificationCode: typeof verificationCode === 'string' ? verificationCode : undefined,
    created: Number(created),
    updated: Number(updated),
    revision: Number(revision),
  };
}

/** The certificate as callers see it; the code only where it was just asked for. */
export function viewAuthority(authority: StoredAuthority, verificationCode?: string): AuthorityCertificate {
  const parsed = new X509Certificate(authority.certificate);
  return {
    name: authority.name,
    etag: etagOf(authority.revision),
    properties: {
      subject: parsed.subject.replaceAll('\n', ', '),
      thumbprint: parsed.fingerprint.replaceAll(':', ''),
      expiry: isoMillis(Date.parse(parsed.validTo)),
      isVerified: authority.isVerified,
      created: isoMillis(authority.created),
      updated: isoMillis(authority.updated),
      certificate: Buffer.from(authority.certificate).toString('base64'),
      ...(verificationCode === undefined ? {} : { verificationCode }),
    },
  };
}
