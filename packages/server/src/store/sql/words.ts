/** Words of one action that searches find it by: the first ones, different from each other. */
export const WORDS_MAX = 256;

/** Characters of a word that count. */
const WORD_CHARS_MAX = 64;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The same where there is nothing but ASCII, which costs a fifth. */
const ASCII_WORD = /[a-z0-9]+/g;
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * The words of a text, in its order: runs of letters and digits of any script, in lower case, in the form that Unicode
 * calls compatible (NFKC). What is stored and what is looked for is cut here, so that both agree whatever a database
 * thinks of languages.
 */
export function cutWords(text: string): string[] {
  const words: string[] = BEYOND_ASCII.test(text)
    ? (folded(text).match(WORD) ?? [])
    : (text.toLowerCase().match(ASCII_WORD) ?? []);
  return words.some(isLong) ? words.map(bounded) : words;
}

/** The sigma that ends a word is the only letter with a second small form. */
function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().replaceAll("ς", "σ");
}

function isLong(word: string): boolean {
  return word.length > WORD_CHARS_MAX;
}

/** Never cut between the halves of a character. */
function bounded(word: string): string {
  return isLong(word) ? Array.from(word).slice(0, WORD_CHARS_MAX).join("") : word;
}

const JSON_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|[\s\S])/g;

/** A JSON text in which no escape passes for a word: the `n` of `\n` is none, and `\u0041` is a letter. */
export function unescapeJson(json: string): string {
  if (!json.includes("\\")) return json;
  return json.replace(JSON_ESCAPE, (_escape, code: string | undefined) =>
    code === undefined ? " " : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
