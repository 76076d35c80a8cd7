/** What is wrong with a number's text, or null where every parser reads the same number in it. */
export type NumberFault = "integer_out_of_range" | "inexact_number";

/**
 * Whether a double carries a JSON number exactly as written: the decimal value of the text is the one that the double's
 * shortest form shows. Integers beyond ±(2^53−1) are refused in any notation (RFC 7493, 2.2), because parsers that
 * keep them as integers and parsers that keep doubles would read different numbers.
 *
 * @param text - A number by the grammar of RFC 8259.
 */
export function numberFault(text: string): NumberFault | null {
  const value = Number(text);
  if (!Number.isFinite(value)) return "integer_out_of_range";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return "integer_out_of_range";
  return decimalForm(text) === decimalForm(String(value)) ? null : "inexact_number";
}

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Significant digits and exponent, so that equal decimal values have equal forms: `1.50` and `15e-1` are `15e-1`. */
function decimalForm(text: string): string {
  const match = NUMBER.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = trimZeros(whole + fraction);
  if (digits.significant === "") return "0";
  return `${sign}${digits.significant}e${Number(exponent) - fraction.length + digits.trailing}`;
}

function trimZeros(digits: string): { significant: string; trailing: number } {
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === "0") start++;
  while (end > start && digits[end - 1] === "0") end--;
  return { significant: digits.slice(start, end), trailing: digits.length - end };
}
