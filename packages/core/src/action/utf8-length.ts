/** Whether a text has more than `bytesMax` UTF-8 bytes; counted only where its length leaves that open. */
export function isLongerThan(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return false;
  let bytes = text.length;
  for (let index = 0; index < text.length && bytes <= bytesMax; index++) {
    const code = text.charCodeAt(index);
    // A surrogate pair is two units and four bytes, so each of its halves counts one more, as U+0080 to U+07FF do.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes > bytesMax;
}
