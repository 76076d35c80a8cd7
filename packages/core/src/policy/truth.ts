/** Kleene's three truth values, ordered so that "and" is the least and "or" the greatest of them. */
export type Truth = 0 | 1 | 2;

export const FALSE = 0;
/** A condition met a value that it cannot judge. */
export const UNKNOWN = 1;
export const TRUE = 2;

export function truthOf(holds: boolean): Truth {
  return holds ? TRUE : FALSE;
}

export function negate(truth: Truth): Truth {
  return truth === TRUE ? FALSE : truth === FALSE ? TRUE : UNKNOWN;
}
