/** The peer broke the protocol: the connection ends with this condition. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly condition: string;

  constructor(condition: string, description: string) {
    super(description);
    this.condition = condition;
  }
}
