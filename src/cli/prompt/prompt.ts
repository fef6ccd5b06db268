/** Questions. Every prompt has a flag; without a terminal each method throws Failure `input-required` that names it. */
export interface Prompt {
  /** False in CI, with --no-input, and when stdin or stderr is no terminal. */
  readonly available: boolean;
  text(question: {
    message: string;
    flag: string;
    default?: string;
    validate?: (value: string) => string | undefined;
  }): Promise<string>;
  number(question: {
    message: string;
    flag: string;
    default?: number;
    minimum?: number;
    maximum?: number;
  }): Promise<number>;
  choose<Value extends string>(question: {
    message: string;
    flag: string;
    choices: readonly { value: Value; label: string }[];
    default?: Value;
  }): Promise<Value>;
  secret(question: { message: string; flag: string }): Promise<string>;
  /**
   * True at once with --yes; Failure `confirmation-missing` without a terminal. Where the profile in use is protected its name is asked
   * for instead; `protects` names another profile that the change is about, or says with `false` that none is.
   */
  confirm(question: { message: string; protects?: string | false }): Promise<boolean>;
}
