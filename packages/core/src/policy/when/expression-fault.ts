import type { ErrorCode } from "../finding-codes.js";

/** Codes of what may be wrong with an expression, and what helps where nothing closer is known. */
const CURES = {
  invalid_expression: "write one condition, such as params.amount < 100",
  invalid_pattern: "write it in RE2 syntax, without look-around and backreference",
  too_large: "write it as several rules",
  unknown_variable: "name params, context, agent_id, tool, operation, or in a rule risk",
  unsupported_expression: "write it with match, or as several rules",
  wrong_type: "compare like with like; int(…) and double(…) make numbers of texts",
} as const satisfies Partial<Record<ErrorCode, string>>;

/** What is wrong with an expression, and where in it. */
export class ExpressionFault extends Error {
  readonly code: keyof typeof CURES;
  /** Characters into the expression, from 0; null where nobody knows. */
  readonly offset: number | null;
  readonly cure: string;

  constructor(code: keyof typeof CURES, message: string, offset: number | null, cure: string = CURES[code]) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.cure = cure;
  }
}
