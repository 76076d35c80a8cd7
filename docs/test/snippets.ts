import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the clone, with a slash at the end. */
export const CLONE = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a document. */
export interface Snippet {
  /** The document, relative to the clone. */
  file: string;
  /** Of the block's first line of code, from 1. */
  line: number;
  /** The first word behind the fence. */
  language: string;
  /** The words after it: how the block is tested. */
  words: string[];
  code: string;
}

/** Every document that speaks to users. */
export function documents(): string[] {
  const inFolder = (folder: string) =>
    readdirSync(CLONE + folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`);
  const nested = [...inFolder("docs"), ...inFolder("examples")].filter((name) => name.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...nested].sort();
}

/** A document's text. */
export function readDocument(file: string): string {
  return readFileSync(CLONE + file, "utf8");
}

/**
 * The fenced blocks of a document, in order.
 *
 * @throws Error for a fence that is indented or not closed: a block that is not found is not tested.
 */
export function snippetsOf(file: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: Snippet | null = null;
  for (const [index, line] of readDocument(file).split("\n").entries()) {
    if (/^\s+```/.test(line)) throw new Error(`${file}:${index + 1}: a fence is indented`);
    if (!line.startsWith("```")) {
      if (open !== null) open.code += `${line}\n`;
    } else if (open === null) {
      const [language = "", ...words] = line.slice(3).trim().split(/\s+/);
      open = { file, line: index + 2, language, words, code: "" };
    } else {
      snippets.push(open);
      open = null;
    }
  }
  if (open !== null) throw new Error(`${file}:${open.line}: a block is not closed`);
  return snippets;
}

/** The cells of every row of a document's tables, as written. Escaped bars stay in their cell. */
export function tableRows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The texts in backticks of a piece of Markdown without fences. */
export function inlineCode(text: string): string[] {
  return [...text.matchAll(/``\s?(.+?)\s?``|`([^`]+)`/g)].map((match) => match[1] ?? match[2] ?? "");
}

/** The part of a document under a heading, up to the next heading of the same depth or less. */
export function section(text: string, heading: string): string {
  const start = text.indexOf(`${heading}\n`);
  if (start < 0) throw new Error(`there is no heading ${heading}`);
  const depth = heading.indexOf(" ");
  const rest = text.slice(start + heading.length);
  const end = rest.search(new RegExp(`^#{1,${depth}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}
