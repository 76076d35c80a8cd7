/**
 * PostgreSQL keeps no U+0000 in its texts, SQLite's driver ends a text there, and people's texts may hold one. U+0001
 * stands before what is escaped. JSON holds neither as such, and is kept as it is.
 */
const TO_ESCAPE = /[\u0000\u0001]/g;
const ESCAPED = /\u0001([01])/g;

/** A text as a database can keep it; {@link unescapeText} gives it back. */
export function escapeText(text: string): string {
  return text.includes("\u0000") || text.includes("\u0001")
    ? text.replace(TO_ESCAPE, (character) => `\u0001${character.charCodeAt(0)}`)
    : text;
}

/** The text that {@link escapeText} was given. */
export function unescapeText(text: string): string {
  return text.includes("\u0001") ? text.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number(code))) : text;
}
