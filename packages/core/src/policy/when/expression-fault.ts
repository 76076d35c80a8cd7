/** What is wrong with an expression, and where in it. */
export class ExpressionFault extends Error {
  readonly code: string;
  /** Characters into the expression, from 0; null where nobody knows. */
  readonly offset: number | null;
  readonly cure: string | undefined;

  constructor(code: string, message: string, offset: number | null, cure?: string) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.cure = cure;
  }
}
