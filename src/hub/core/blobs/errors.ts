/** Errors of the blob endpoint, by the codes of Azure Blob Storage, which its clients look at. */
const statuses = {
  InvalidUri: 400,
  InvalidResourceName: 400,
  InvalidHeaderValue: 400,
  InvalidQueryParameterValue: 400,
  InvalidXmlDocument: 400,
  InvalidBlobOrBlock: 400,
  InvalidBlockId: 400,
  InvalidBlockList: 400,
  Md5Mismatch: 400,
  RequestBodyIncomplete: 400,
  AuthenticationFailed: 403,
  AuthorizationPermissionMismatch: 403,
  BlobNotFound: 404,
  ResourceNotFound: 404,
  UnsupportedHttpVerb: 405,
  BlobAlreadyExists: 409,
  BlockCountExceedsLimit: 409,
  ConditionNotMet: 412,
  RequestBodyTooLarge: 413,
  InvalidRange: 416,
  InternalError: 500,
  NotImplemented: 501,
  ServerBusy: 503,
  InsufficientStorage: 507,
} as const;

export type BlobErrorCode = keyof typeof statuses;

/** A refusal of the blob endpoint; the front writes it as XML with `x-ms-error-code`. */
export class BlobError extends Error {
  override readonly name = 'BlobError';
  readonly code: BlobErrorCode;

  constructor(code: BlobErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The HTTP status of the error. */
  get status(): number {
    return statuses[this.code];
  }
}
