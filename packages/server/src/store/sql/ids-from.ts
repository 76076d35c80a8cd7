/** What stands before every UUIDv7 (RFC 9562, 5.7) made from a time on: its first 48 bits are that time. */
export function idsFrom(ms: number): string {
  const time = Math.max(0, ms).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
