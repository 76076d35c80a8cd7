import type { RE2JS } from "re2js";

/** Most transitions (states × character classes) that a pattern's automaton may have. */
const TRANSITIONS_MAX = 60_000;

/** RE2's flags for what is true before the first character: the text and a line begin there. */
const AT_BEGINNING = 0b101;
const END_OF_TEXT = -1;
const UNANCHORED = 0;
const ASCII = 128;
const LATIN1 = 256;
/** Pages of 256 characters in the basic multilingual plane. */
const PAGES = 256;
const NEWLINE = 10;

/** The offsets of the two states that end a search at once. */
const ACCEPT = 0;
const REJECT = 1;

/** A pattern's table, as a search through a text. */
export interface Automaton {
  /** Whether the pattern is found anywhere in a text. */
  readonly search: (text: string) => boolean;
  /** Of its table, at 4 bytes each. */
  readonly transitions: number;
}

/**
 * Compiles a pattern to a complete table of states, so that a search reads each character once and does nothing but
 * look up: linear in the text with a small constant, whatever the text. (re2js builds the same states while it
 * searches and falls back to a slower way where they become too many, which a hostile text can bring about.)
 *
 * @returns null where its table would be too large.
 */
export function compileAutomaton(pattern: RE2JS): Automaton | null {
  const machine = machineOf(pattern);
  const alphabet = alphabetOf(machine);
  const table = buildTable(machine, alphabet);
  if (table === null) return null;
  const { classOf, classCount } = alphabet;
  const latin1 = Uint16Array.from({ length: LATIN1 }, (_, code) => classOf(code));
  const { next, start } = table;

  const search = (text: string): boolean => {
    let state = start;
    for (let index = 0; index < text.length && state > REJECT; index++) {
      const code = text.charCodeAt(index);
      if (code < LATIN1) {
        state = next[state + (latin1[code] ?? 0)] ?? REJECT;
      } else {
        const codePoint = text.codePointAt(index) ?? code;
        if (codePoint > 0xffff) index++;
        state = next[state + classOf(codePoint)] ?? REJECT;
      }
    }
    if (state > REJECT) state = next[state + classCount] ?? REJECT;
    return state === ACCEPT;
  };
  return { search, transitions: next.length };
}

/** What is used of re2js's deterministic automaton. It builds states on demand; null stands for "too many". */
interface Machine {
  readonly numClasses: number;
  readonly classBounds: Int32Array;
  readonly failed: boolean;
  readonly prog: { readonly start: number; readonly inst: readonly Instruction[] };
  searchClass(codePoint: number): number;
  makeState(instructions: number[], flags: number, ids: number[]): MachineState | null;
  step(state: MachineState, charClass: number, codePoint: number, anchor: number): MachineState | null;
}

interface MachineState {
  readonly isMatch: boolean;
}

interface Instruction {
  /** The ranges of characters it consumes; empty for one that consumes none, or any. */
  readonly runes: ArrayLike<number>;
  matchRune(codePoint: number): boolean;
}

function machineOf(pattern: RE2JS): Machine {
  const machine = pattern.re2().dfa as unknown as Machine;
  const usable = typeof machine.makeState === "function" && typeof machine.step === "function";
  // These parts of re2js are typed but not documented: another version without them must not load any pattern.
  if (!usable || machine.failed || !Array.isArray(machine.prog.inst)) throw new Error("re2js has changed inside");
  return machine;
}

/** The characters, as classes that the pattern does not tell apart. */
interface Alphabet {
  readonly classCount: number;
  readonly classOf: (codePoint: number) => number;
  /** For each class the class of the machine that stands for it, with one of its characters. */
  readonly samples: readonly { readonly machineClass: number; readonly codePoint: number }[];
}

/** re2js has a class for each range of characters; a script such as \pL has hundreds that behave alike. */
function alphabetOf(machine: Machine): Alphabet {
  const consuming = machine.prog.inst.filter((instruction) => instruction.runes.length > 0);
  const known = new Map<string, number>();
  const samples: { machineClass: number; codePoint: number }[] = [];
  const merged = Uint16Array.from({ length: machine.numClasses }, (_, machineClass) => {
    const codePoint = machineClass === 0 ? 0 : (machine.classBounds[machineClass - 1] ?? 0);
    const signature = signatureOf(codePoint, consuming);
    const charClass = known.get(signature) ?? known.size;
    if (charClass === known.size) samples.push({ machineClass, codePoint });
    known.set(signature, charClass);
    return charClass;
  });
  const search = (codePoint: number): number => merged[machine.searchClass(codePoint)] ?? 0;
  return { classCount: known.size, classOf: byPage(search), samples };
}

/** Remembers the classes of the basic plane's characters, a page of 256 at a time, as they are come across. */
function byPage(search: (codePoint: number) => number): (codePoint: number) => number {
  const pages: (Uint16Array | undefined)[] = Array.from({ length: PAGES });
  return (codePoint) => {
    const number = codePoint >> 8;
    if (number >= PAGES) return search(codePoint);
    const page = pages[number] ?? Uint16Array.from({ length: 256 }, (_, low) => search((number << 8) + low));
    pages[number] = page;
    return page[codePoint & 0xff] ?? 0;
  };
}

/** All that a pattern can know of a character: which instructions consume it, whether it ends a word or a line. */
function signatureOf(codePoint: number, consuming: readonly Instruction[]): string {
  const isWord = codePoint < ASCII && /\w/.test(String.fromCharCode(codePoint));
  let signature = codePoint === NEWLINE ? "n" : isWord ? "w" : "-";
  for (const instruction of consuming) signature += instruction.matchRune(codePoint) ? "1" : "0";
  return signature;
}

interface Table {
  /** At `state + class`: the next state. States are offsets of their rows. */
  readonly next: Uint32Array;
  readonly start: number;
}

function buildTable(machine: Machine, { classCount, samples }: Alphabet): Table | null {
  const first = machine.makeState([machine.prog.start], AT_BEGINNING, []);
  if (first === null) return null;
  const rows = new Map([[first, 0]]);
  const cells: number[][] = [];
  for (const state of rows.keys()) {
    const row: number[] = [];
    for (const { machineClass, codePoint } of samples) {
      const after = machine.step(state, machineClass, codePoint, UNANCHORED);
      if (after === null) return null;
      if (!after.isMatch && !rows.has(after)) rows.set(after, rows.size);
      row.push(after.isMatch ? ACCEPT : (rows.get(after) ?? 0) + 2);
    }
    const atEnd = machine.step(state, machine.numClasses, END_OF_TEXT, UNANCHORED);
    if (atEnd === null || rows.size * classCount > TRANSITIONS_MAX) return null;
    row.push(atEnd.isMatch ? ACCEPT : REJECT);
    cells.push(row);
  }
  return flatten(cells, classCount + 1);
}

/** Rows one after another, behind room for ACCEPT and REJECT. Rows that nothing leads out of become REJECT. */
function flatten(cells: readonly number[][], width: number): Table {
  const isTrap = cells.map((row, index) => row.every((cell) => cell === index + 2 || cell === REJECT));
  const offsetOf = (cell: number): number => {
    if (cell < 2) return cell;
    return isTrap[cell - 2] === true ? REJECT : (cell - 2) * width + 2;
  };
  const next = new Uint32Array(cells.length * width + 2);
  for (const [index, row] of cells.entries()) {
    for (const [charClass, cell] of row.entries()) next[index * width + 2 + charClass] = offsetOf(cell);
  }
  return { next, start: offsetOf(2) };
}
