/** A number as it is written; its value is null where it is none of the plain decimals that JSON has, too. */
interface WrittenNumber {
  readonly text: string;
  readonly value: number | null;
}

/** What a scalar without quotes stands for. */
export type PlainScalar = null | boolean | string | WrittenNumber;

const WORDS: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** Every text that YAML takes for a number, the ones that JSON does not know included. */
const NUMBER =
  /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Resolves a plain scalar by the core schema of YAML 1.2 (10.3.2). */
export function readPlainScalar(text: string): PlainScalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (DECIMAL.test(text)) return { text, value: Number(text) };
  return NUMBER.test(text) ? { text, value: null } : text;
}
