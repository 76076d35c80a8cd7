let lastMs = Number.NaN;
let lastText = "";

/**
 * A time as it is written everywhere (RFC 3339 in UTC, with milliseconds). Most times that are written are the same
 * millisecond as the one before.
 *
 * @param ms - Milliseconds since the epoch.
 * @throws RangeError where it is no time that can be written.
 */
export function timeText(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
