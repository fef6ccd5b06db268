/** Shapes of the CA certificates of a hub, as Azure's management API has them; iotctl's hub serves them itself, below this path. */
export const certificatesPath = '/iotctl/certificates';

/** Most CA certificates a hub takes. Source: device.md §10. */
export const authorityLimit = 25;

/** A CA certificate that devices may come with. Times are ISO 8601. */
export interface AuthorityCertificate {
  name: string;
  etag: string;
  properties: {
    subject: string;
    /** SHA-1, hexadecimal. */
    thumbprint: string;
    expiry: string;
    isVerified: boolean;
    created: string;
    updated: string;
    /** DER in base64. */
    certificate: string;
    /** Only in the answer to a request for one. */
    verificationCode?: string;
  };
}
