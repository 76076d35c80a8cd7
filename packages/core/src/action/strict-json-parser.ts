import { isForbiddenKey, type JsonObject, type JsonValue, LIMITS, memberPath } from "@faramesh/protocol";
import { numberFault } from "./exact-number.js";

/** A text that is not JSON (`invalid_json`), or that two JSON parsers could read differently (`invalid_action`). */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
  readonly code: "invalid_json" | "invalid_action";
  /** Where, from `$`: `$.params.items[0]`. */
  readonly path: string;

  constructor(code: "invalid_json" | "invalid_action", path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// The grammar of a string in RFC 8259, section 7.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses a text token by token, knowing at each where it stands: for the texts that a quick look finds doubtful, and
 * to say what is wrong with those that are.
 *
 * @param nodesMax - The most values the text may hold.
 * @throws {@link StrictJsonError}
 */
export function parseSlowly(text: string, nodesMax: number): JsonValue {
  const parser = new Parser(text, nodesMax);
  return parser.document();
}

class Parser {
  readonly #text: string;
  readonly #nodesMax: number;
  #index = 0;
  #nodes = 0;

  constructor(text: string, nodesMax: number) {
    this.#text = text;
    this.#nodesMax = nodesMax;
  }

  document(): JsonValue {
    this.#skipWhiteSpace();
    const value = this.#value("$", 0);
    this.#skipWhiteSpace();
    if (this.#index < this.#text.length) throw this.#syntaxError("$");
    return value;
  }

  #value(path: string, depth: number): JsonValue {
    if (++this.#nodes > this.#nodesMax) throw refused("$", `holds more than ${this.#nodesMax} values`);
    switch (this.#text[this.#index]) {
      case "{":
        return this.#object(path, depth + 1);
      case "[":
        return this.#array(path, depth + 1);
      case '"':
        return this.#string(path);
      case "t":
        return this.#word("true", true, path);
      case "f":
        return this.#word("false", false, path);
      case "n":
        return this.#word("null", null, path);
      default:
        return this.#number(path);
    }
  }

  #object(path: string, depth: number): JsonObject {
    assertDepth(path, depth);
    const members: JsonObject = {};
    this.#index++;
    this.#skipWhiteSpace();
    if (this.#take("}")) return members;
    do {
      this.#skipWhiteSpace();
      if (this.#text[this.#index] !== '"') throw this.#syntaxError(path);
      const key = this.#string(path);
      const place = memberPath(path, key);
      if (isForbiddenKey(key)) throw refused(place, `the key ${JSON.stringify(key)} is not accepted`);
      if (Object.hasOwn(members, key)) throw refused(place, `the key ${JSON.stringify(key)} is given twice`);
      this.#skipWhiteSpace();
      if (!this.#take(":")) throw this.#syntaxError(place);
      this.#skipWhiteSpace();
      members[key] = this.#value(place, depth);
      this.#skipWhiteSpace();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#syntaxError(path);
    return members;
  }

  #array(path: string, depth: number): JsonValue[] {
    assertDepth(path, depth);
    const items: JsonValue[] = [];
    this.#index++;
    this.#skipWhiteSpace();
    if (this.#take("]")) return items;
    do {
      this.#skipWhiteSpace();
      items.push(this.#value(`${path}[${items.length}]`, depth));
      this.#skipWhiteSpace();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#syntaxError(path);
    return items;
  }

  #string(path: string): string {
    const token = this.#match(STRING);
    if (token === null) throw this.#syntaxError(path);
    const value = JSON.parse(token) as string;
    if (LONE_SURROGATE.test(value)) throw refused(path, "a string holds a lone surrogate");
    return value;
  }

  #number(path: string): number {
    const token = this.#match(NUMBER);
    if (token === null) throw this.#syntaxError(path);
    const fault = numberFault(token);
    if (fault === "integer_out_of_range") throw refused(path, `${shortened(token)} is an integer beyond ±(2^53−1)`);
    if (fault === "inexact_number") {
      throw refused(path, `${shortened(token)} cannot be kept exactly: it would become ${Number(token)}`);
    }
    return Number(token);
  }

  #word<Value>(word: string, value: Value, path: string): Value {
    if (!this.#text.startsWith(word, this.#index)) throw this.#syntaxError(path);
    this.#index += word.length;
    return value;
  }

  #match(token: RegExp): string | null {
    token.lastIndex = this.#index;
    const found = token.exec(this.#text);
    if (found === null) return null;
    this.#index = token.lastIndex;
    return found[0];
  }

  #skipWhiteSpace(): void {
    WHITE_SPACE.lastIndex = this.#index;
    WHITE_SPACE.test(this.#text);
    this.#index = WHITE_SPACE.lastIndex;
  }

  #take(char: string): boolean {
    if (this.#text[this.#index] !== char) return false;
    this.#index++;
    return true;
  }

  #syntaxError(path: string): StrictJsonError {
    const before = this.#text.slice(0, this.#index);
    const line = before.split("\n").length;
    const column = this.#index - before.lastIndexOf("\n");
    const found = this.#text.codePointAt(this.#index);
    const what = found === undefined ? "the text ends too early" : `unexpected ${nameOf(found)}`;
    return new StrictJsonError("invalid_json", path, `${what} at line ${line}, column ${column}`);
  }
}

function assertDepth(path: string, depth: number): void {
  if (depth > LIMITS.nestingMax) throw refused(path, `is nested deeper than ${LIMITS.nestingMax} levels`);
}

function refused(path: string, message: string): StrictJsonError {
  return new StrictJsonError("invalid_action", path, message);
}

function nameOf(codePoint: number): string {
  return JSON.stringify(String.fromCodePoint(codePoint));
}

function shortened(token: string): string {
  return token.length > 40 ? `${token.slice(0, 40)}…` : token;
}
