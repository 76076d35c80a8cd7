/** Words that one text is found by: the first ones, different from each other. */
const WORDS_MAX = 256;

/** Words of a text that are looked at, and code units of each: a text of an agent must not take long, whatever it is. */
const LOOKED_AT_MAX = 2_048;
const LOOKED_AT_UNITS_MAX = 256;

/** Characters of a word that count. */
const WORD_CHARS_MAX = 64;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The same where there is nothing but ASCII, which costs a fifth. */
const ASCII_WORD = /[a-z0-9]+/g;
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * The words of a text, each once, in its order: runs of letters and digits of any script, without regard to case, in the
 * form that Unicode calls compatible (NFKC). What is stored and what is looked for is cut here, so that both agree
 * whatever a database thinks of languages.
 */
export function cutWords(text: string): string[] {
  return BEYOND_ASCII.test(text) ? cutAnyWords(text) : cutAsciiWords(text.toLowerCase());
}

function cutAnyWords(text: string): string[] {
  const words = new Set<string>();
  let looked = 0;
  for (const [run] of text.matchAll(WORD)) {
    for (const word of foldedWords(run)) words.add(word);
    if (words.size >= WORDS_MAX || ++looked === LOOKED_AT_MAX) break;
  }
  return [...words];
}

function cutAsciiWords(text: string): string[] {
  const words = new Set<string>();
  ASCII_WORD.lastIndex = 0;
  for (let looked = 0; looked < LOOKED_AT_MAX && words.size < WORDS_MAX; looked++) {
    const [run] = ASCII_WORD.exec(text) ?? [];
    if (run === undefined) break;
    words.add(run.length > WORD_CHARS_MAX ? run.slice(0, WORD_CHARS_MAX) : run);
  }
  return [...words];
}

/** Folding takes time in the square of marks that follow each other, and may turn one letter into several words. */
function foldedWords(run: string): string[] {
  const folded = run.slice(0, LOOKED_AT_UNITS_MAX).normalize("NFKC").toUpperCase().toLowerCase();
  return (folded.match(WORD) ?? []).map((word) => Array.from(word).slice(0, WORD_CHARS_MAX).join(""));
}

const JSON_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|[\s\S])/g;

/** A JSON text in which no escape passes for a word: the `n` of `\n` is none, and `\u0041` is a letter. */
export function unescapeJson(json: string): string {
  if (!json.includes("\\")) return json;
  return json.replace(JSON_ESCAPE, (_escape, code: string | undefined) =>
    code === undefined ? " " : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
