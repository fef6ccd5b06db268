/** One cell of the matrix: an operation on one identity in one spelling. */
export interface Attempt {
  readonly name: string;
  /** True where it is the attacker's own right. */
  readonly own: boolean;
  readonly run: () => Promise<'passed' | 'refused'>;
}
