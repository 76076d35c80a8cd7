import type { RE2JS } from "re2js";

/** Most transitions (states × character classes) that a pattern's automaton may have. */
const TRANSITIONS_MAX = 60_000;

/** RE2's flags for what is true before the first character: the text and a line begin there. */
const AT_BEGINNING = 0b101;
const END_OF_TEXT = -1;
const UNANCHORED = 0;
const LATIN1 = 256;

/** The offsets of the two states that end a search at once. */
const ACCEPT = 0;
const REJECT = 1;

/**
 * Compiles a pattern to a complete table of states, so that a search reads each character once and does nothing but
 * look up: linear in the text with a small constant, whatever the text. (re2js builds the same states while it
 * searches and falls back to a slower way where they become too many, which a hostile text can bring about.)
 *
 * @returns Whether the pattern is found anywhere in a text; null where its table would be too large.
 */
export function compileAutomaton(pattern: RE2JS): ((text: string) => boolean) | null {
  const machine = machineOf(pattern);
  const table = buildTable(machine);
  if (table === null) return null;
  const classes = Uint16Array.from({ length: LATIN1 }, (_, code) => machine.searchClass(code));
  const classOf = (codePoint: number): number => machine.searchClass(codePoint);
  const endClass = machine.numClasses;
  const { next, start } = table;

  return (text) => {
    let state = start;
    for (let index = 0; index < text.length && state > REJECT; index++) {
      const code = text.charCodeAt(index);
      if (code < LATIN1) {
        state = next[state + (classes[code] ?? 0)] ?? REJECT;
      } else {
        const codePoint = text.codePointAt(index) ?? code;
        if (codePoint > 0xffff) index++;
        state = next[state + classOf(codePoint)] ?? REJECT;
      }
    }
    if (state > REJECT) state = next[state + endClass] ?? REJECT;
    return state === ACCEPT;
  };
}

/** What is used of re2js's deterministic automaton. It builds states on demand; null stands for "too many". */
interface Machine {
  readonly numClasses: number;
  readonly classBounds: Int32Array;
  readonly failed: boolean;
  readonly prog: { readonly start: number };
  searchClass(codePoint: number): number;
  makeState(instructions: number[], flags: number, ids: number[]): MachineState | null;
  step(state: MachineState, charClass: number, codePoint: number, anchor: number): MachineState | null;
}

interface MachineState {
  readonly isMatch: boolean;
}

function machineOf(pattern: RE2JS): Machine {
  const machine = pattern.re2().dfa as unknown as Machine;
  const usable = typeof machine.makeState === "function" && typeof machine.step === "function";
  // These parts of re2js are typed but not documented: another version without them must not load any pattern.
  if (!usable || machine.failed || typeof machine.prog.start !== "number") throw new Error("re2js has changed inside");
  return machine;
}

interface Table {
  /** At `state + class`: the next state. States are offsets of their rows. */
  readonly next: Uint32Array;
  readonly start: number;
}

function buildTable(machine: Machine): Table | null {
  const classCount = machine.numClasses + 1;
  const first = machine.makeState([machine.prog.start], AT_BEGINNING, []);
  if (first === null) return null;
  const rows = new Map([[first, 0]]);
  const cells: number[][] = [];
  for (const state of rows.keys()) {
    const row: number[] = [];
    for (let charClass = 0; charClass < classCount; charClass++) {
      const after = machine.step(state, charClass, sampleOf(machine, charClass), UNANCHORED);
      if (after === null) return null;
      if (!after.isMatch && !rows.has(after) && charClass < machine.numClasses) rows.set(after, rows.size);
      row.push(after.isMatch || charClass === machine.numClasses ? endOf(after) : (rows.get(after) ?? 0) + 2);
    }
    cells.push(row);
    if (rows.size * classCount > TRANSITIONS_MAX) return null;
  }
  return flatten(cells, classCount);
}

function endOf(state: MachineState): number {
  return state.isMatch ? ACCEPT : REJECT;
}

/** A character of a class: they all lead to the same state. */
function sampleOf(machine: Machine, charClass: number): number {
  if (charClass === machine.numClasses) return END_OF_TEXT;
  return charClass === 0 ? 0 : (machine.classBounds[charClass - 1] ?? 0);
}

/** Rows one after another, behind room for ACCEPT and REJECT. Rows that nothing leads out of become REJECT. */
function flatten(cells: readonly number[][], classCount: number): Table {
  const isTrap = cells.map((row, index) => row.every((cell) => cell === index + 2 || cell === REJECT));
  const offsetOf = (cell: number): number => {
    if (cell < 2) return cell;
    return isTrap[cell - 2] === true ? REJECT : (cell - 2) * classCount + 2;
  };
  const next = new Uint32Array(cells.length * classCount + 2);
  for (const [index, row] of cells.entries()) {
    for (const [charClass, cell] of row.entries()) next[index * classCount + 2 + charClass] = offsetOf(cell);
  }
  return { next, start: offsetOf(2) };
}
