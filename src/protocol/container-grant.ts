/** An extension of iotctl's own hub: an address, with a signature, of one of its blob containers. */

/** `POST {path}/{container}`; the body may say `{"lifetimeSeconds": 3600}`. */
export const containerGrantsPath = '/iotctl/containers';

export interface ContainerGrant {
  /** For import and export jobs, and for every client of Azure Blob Storage. A secret. */
  readonly uri: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}
