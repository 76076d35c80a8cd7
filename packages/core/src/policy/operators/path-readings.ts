/** A path with `.`, `..` and `//` resolved. A relative one may begin with `..` segments. */
export interface NormalPath {
  readonly absolute: boolean;
  readonly segments: readonly string[];
}

/** Resolves `.`, `..` and `//` by the text alone. Above the root is the root. */
export function normalPath(path: string): NormalPath {
  const absolute = path.startsWith("/");
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.length > 0 && segments.at(-1) !== "..") segments.pop();
    else if (!absolute) segments.push("..");
  }
  return { absolute, segments };
}

const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;
const DECODINGS_MAX = 4;

/**
 * The path as written and after each decoding of its percent-escapes, until none is left: one of them is what the tool
 * will open. Null where the escapes are no UTF-8, or are nested too often.
 */
export function decodings(path: string): string[] | null {
  const readings = [path];
  for (let last = path; ; ) {
    const next = decodeOnce(last);
    if (next === null) return null;
    if (next === last) return readings;
    if (readings.length > DECODINGS_MAX) return null;
    readings.push(next);
    last = next;
  }
}

function decodeOnce(path: string): string | null {
  if (!path.includes("%")) return path;
  try {
    return path.replace(ESCAPES, decodeURIComponent);
  } catch {
    return null;
  }
}

/**
 * The texts that a path may be read as: as written, decoded, with `\\` for `/`, ended by a NUL, and each of them resolved.
 * Null where unclear.
 */
export function pathTexts(path: string): string[] | null {
  const readings = decodings(path);
  return readings === null ? null : readings.flatMap(systemReadings).flatMap((text) => [text, resolvedText(text)]);
}

/** A backslash separates directories on some systems and is a letter on others; a NUL ends a path for some programs. */
function systemReadings(path: string): string[] {
  if (!/[\\\0]/.test(path)) return [path];
  const [untilNul = ""] = path.split("\0", 1);
  return [path, untilNul, path.replaceAll("\\", "/"), untilNul.replaceAll("\\", "/")];
}

/** Resolved, but with a leading `./` and a trailing `/` kept, as tests on the text may ask for them. */
function resolvedText(path: string): string {
  const { absolute, segments } = normalPath(path);
  const start = absolute ? "/" : path.startsWith("./") ? "./" : "";
  const end = path.endsWith("/") && segments.length > 0 ? "/" : "";
  return start + segments.join("/") + end;
}
