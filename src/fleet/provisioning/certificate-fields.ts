import { thumbprintProblem, type DeviceCertificate } from './row.ts';

/** What a row says of the certificate of its device, as text. */
export interface CertificateFields {
  /** `sas`, `selfSigned` or `certificateAuthority`; told by the thumbprints when absent. */
  authentication?: string;
  thumbprint?: string;
  secondaryThumbprint?: string;
}

/** Undefined for a device with keys. Throws SyntaxError saying what is wrong. */
export function certificateOf(fields: CertificateFields): DeviceCertificate | undefined {
  const { thumbprint, secondaryThumbprint } = fields;
  const kind = fields.authentication?.toLowerCase() ?? (thumbprint === undefined ? 'sas' : 'selfsigned');
  if (kind !== 'sas' && kind !== 'selfsigned' && kind !== 'certificateauthority')
    throw new SyntaxError('the authentication is not sas, selfSigned or certificateAuthority');
  if (kind !== 'selfsigned' && (thumbprint ?? secondaryThumbprint) !== undefined)
    throw new SyntaxError('a thumbprint is of a certificate that signs itself: the authentication is selfSigned');
  if (kind === 'sas') return undefined;
  if (kind === 'certificateauthority') return 'authority';
  if (thumbprint === undefined) throw new SyntaxError('the thumbprint is missing');
  return { primary: readThumbprint(thumbprint), secondary: secondaryThumbprint && readThumbprint(secondaryThumbprint) };
}

function readThumbprint(text: string): string {
  const problem = thumbprintProblem(text);
  if (problem !== undefined) throw new SyntaxError(problem);
  return text;
}
