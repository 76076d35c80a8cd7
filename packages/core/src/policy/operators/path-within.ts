import { readTexts } from "../scalars.js";
import { FALSE, TRUE, type Truth, UNKNOWN } from "../truth.js";
import type { OperatorReader } from "../value-test.js";
import { decodings, type NormalPath, normalPath } from "./path-readings.js";

/**
 * `path_within`: a path at or below a directory, after `.`, `..`, `//` and percent-escapes are resolved. A path that
 * is within by one reading of its escapes and not by another cannot be judged, nor can one that is relative to a
 * directory the policy does not know.
 */
export const readPathWithin: OperatorReader = (operator, node, { report }) => {
  const texts = readTexts(node, operator, 1_000, report);
  if (texts === null) return null;
  const directories = texts.map(normalPath);
  const unclear = directories.some((directory) => directory.segments[0] === "..");
  if (unclear || texts.some((text) => /[\\\0%]/.test(text))) {
    report.error(
      node,
      "wrong_value",
      "path_within needs a directory, without \\, % or leading ..",
      "write path_within: /srv/data",
    );
    return null;
  }
  return {
    operator,
    operand: directories.map(({ absolute, segments }) => (absolute ? "/" : "") + segments.join("/")),
    judge: (value) => (value === undefined ? FALSE : typeof value === "string" ? judge(value, directories) : UNKNOWN),
  };
};

function judge(value: string, directories: readonly NormalPath[]): Truth {
  const readings = decodings(value);
  // A backslash separates directories on some systems and is a letter on others.
  const isUnclear = (reading: string): boolean => /[\\\0]/.test(reading) || STARTS_ELSEWHERE.test(reading);
  if (readings === null || readings.some(isUnclear)) return UNKNOWN;
  const truths = readings.map((reading) => withinAny(normalPath(reading), directories));
  const [first = UNKNOWN] = truths;
  return truths.every((truth) => truth === first) ? first : UNKNOWN;
}

/** What a shell, or another system, starts somewhere else: a home directory, a variable, a drive. */
const STARTS_ELSEWHERE = /^(?:[~$]|[a-zA-Z]:)/;

function withinAny(path: NormalPath, directories: readonly NormalPath[]): Truth {
  const truths = directories.map((directory) => within(path, directory));
  return truths.reduce<Truth>((most, truth) => (truth > most ? truth : most), FALSE);
}

function within(path: NormalPath, directory: NormalPath): Truth {
  if (path.absolute !== directory.absolute || path.segments[0] === "..") return UNKNOWN;
  return directory.segments.every((segment, index) => path.segments[index] === segment) ? TRUE : FALSE;
}
