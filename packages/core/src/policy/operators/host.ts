const URL_START = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?=[^/?#])/;
const AUTHORITY = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)/;
const BARE_HOST = /^[a-zA-Z0-9._-]+(?::[0-9]{1,5})?$/;
/** Characters that URL parsers drop, decode or take for another: what the host is would depend on who reads it. */
const READ_DIFFERENTLY = /[\u0000-\u0020\u007f\\]/;

/** Schemes of URLs that are no request to the host they name. */
const HOST_NOT_ASKED = /^(?:about|blob|data|file|javascript|vbscript|view-source):/i;

/**
 * The host of a URL, or of a bare host with or without port, in its normal form (WHATWG URL: lower case, IDNA).
 * Null where it has none, or where two URL parsers could find different ones.
 */
export function hostOf(text: string): string | null {
  if (READ_DIFFERENTLY.test(text) || HOST_NOT_ASKED.test(text)) return null;
  if (!URL_START.test(text)) return BARE_HOST.test(text) ? parsedHost(`http://${text}/`) : null;
  const authority = AUTHORITY.exec(text)?.[1] ?? "";
  // Parsers differ on escapes in the host and on which of several @ ends the user's part.
  if (authority.includes("%") || authority.indexOf("@") !== authority.lastIndexOf("@")) return null;
  return parsedHost(text.replace(URL_START, "http://"));
}

function parsedHost(url: string): string | null {
  try {
    const host = new URL(url).hostname;
    const trimmed = host.endsWith(".") ? host.slice(0, -1) : host;
    return trimmed === "" ? null : trimmed;
  } catch {
    return null;
  }
}

/** Compiles `example.com` (that host) or `*.example.com` (all hosts below it). Null where it is neither. */
export function parseHostPattern(text: string): ((host: string) => boolean) | null {
  const isWild = text.startsWith("*.");
  const name = isWild ? text.slice(2) : text;
  if (/[/@:?#%*\s\\]/.test(name) && !/^\[[0-9a-fA-F:.]+\]$/.test(name)) return null;
  const host = parsedHost(`http://${name}/`);
  if (host === null) return null;
  return isWild ? (seen) => seen.endsWith(`.${host}`) : (seen) => seen === host;
}
