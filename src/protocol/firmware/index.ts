export {
  failureCodes,
  rejectionCodes,
  revertCodes,
  type FailureReportCode,
  type RejectionCode,
  type RevertCode,
} from './codes.ts';
export {
  checkOffer,
  checkSignature,
  offerPatch,
  type InstallerFacts,
  type OfferVerdict,
  type SignatureVerdict,
} from './check-offer.ts';
export {
  offerSchema,
  reportSchema,
  reportStates,
  rolloutIdSchema,
  type Deadlines,
  type Offer,
  type Report,
  type ReportState,
} from './documents.ts';
export {
  hardwareSchema,
  keyIdSchema,
  manifestName,
  manifestSchema,
  parseManifestName,
  sha256Schema,
  signatureSchema,
  signedManifestSchema,
  timeSchema,
  versionSchema,
  type Manifest,
  type SignedManifest,
} from './manifest.ts';
export { readTrust, type GivenTrust } from './read-trust.ts';
export {
  isManifestSignature,
  keyIdOf,
  manifestBytes,
  manifestDigest,
  rawPublicKey,
  readPrivateKey,
  readPublicKey,
  signManifest,
  signTrust,
  trustProblem,
} from './signature.ts';
export { signedTrustSchema, trustSchema, type SignedTrust, type Trust } from './trust.ts';
