import { type Asked, ReferenceGate, type StepName, TERM_MS } from "./reference-gate.js";

/** Whole numbers to draw from, until they are used up. */
export class Tape {
  readonly #numbers: readonly number[];
  #place = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get isOver(): boolean {
    return this.#place >= this.#numbers.length;
  }

  /** One of 0 … below − 1; 0 when the tape is over. */
  below(bound: number): number {
    return (this.#numbers[this.#place++] ?? 0) % bound;
  }

  oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }
}

const PROCESSES = ["one", "two", "three"];
const KINDS = ["allow", "ask", "allow", "deny"];
const STEPS: readonly StepName[] = ["approve", "reject", "claim", "claim", "cancel"];

interface Way {
  readonly asked: Asked;
  /** What the executor does with a granted claim. */
  readonly onOk: () => void;
}

/** A right execution: requests that overlap, are repeated, lost, late and refused, as the tape has it. */
export function executed(numbers: readonly number[]): ReferenceGate {
  const tape = new Tape(numbers);
  const gate = new ReferenceGate();
  const execution = new Execution(gate, tape);
  while (!tape.isOver) execution.go();
  return gate;
}

class Execution {
  readonly #gate: ReferenceGate;
  readonly #tape: Tape;
  #waiting: Way[] = [];
  #taken: Way[] = [];
  readonly #ran = new Set<string>();
  #stops = 0;

  constructor(gate: ReferenceGate, tape: Tape) {
    this.#gate = gate;
    this.#tape = tape;
  }

  go(): void {
    const draw = this.#tape.below(20);
    if (draw < 8) this.#waiting.push(this.#invoked());
    else if (draw < 13) this.#take();
    else if (draw < 17) this.#answer();
    else if (draw === 17) this.#lose();
    else this.#passTime();
  }

  #invoked(): Way {
    const process = this.#tape.oneOf(PROCESSES) ?? "one";
    const id = this.#tape.oneOf(this.#gate.ids);
    const draw = this.#tape.below(24);
    if (id === undefined || draw < 6) return this.#submission(process);
    if (draw < 12) return this.#step(process, id);
    if (draw < 14) return this.#report(process, this.#perhapsRan(id));
    if (draw < 16) return this.#consumption(process, this.#perhapsRan(id));
    if (draw < 19) return quietly(this.#gate.read(process, id));
    if (draw < 21) return quietly(this.#gate.list(process, 1 + this.#tape.below(4)));
    if (draw === 21) return quietly(this.#gate.disable("admin", this.#agent(), `stop-${this.#stops++}`));
    if (draw === 22) return quietly(this.#gate.enable("admin", this.#agent()));
    return quietly(this.#gate.changePolicy("admin"));
  }

  /** Few keys, so that requests repeat; now and then one is used for another request. */
  #submission(process: string): Way {
    const key = `key-${this.#tape.below(12)}`;
    const kind = KINDS[key.length % KINDS.length] ?? "ask";
    const isOther = this.#tape.below(10) === 0;
    const mark = `${isOther ? kind : (KINDS[Number(key.slice(4)) % KINDS.length] ?? "ask")}-${process}-${key}`;
    const agent = Number(key.slice(4)) % 2 === 0 ? "even" : "odd";
    return quietly(this.#gate.submit(process, key, mark + (isOther ? "-other" : ""), agent));
  }

  #step(process: string, id: string): Way {
    const op = this.#tape.oneOf(STEPS) ?? "claim";
    const onOk = (): void => {
      if (op !== "claim" || this.#ran.has(id)) return;
      this.#ran.add(id);
      this.#gate.run(process, id);
    };
    return { asked: this.#gate.step(process, op, `${op}-${id}`, id), onOk };
  }

  /** Every other time one that was claimed: of all actions few are, and fewer still run when they are drawn. */
  #perhapsRan(id: string): string {
    return (this.#tape.below(2) === 0 ? this.#tape.oneOf([...this.#ran]) : undefined) ?? id;
  }

  #report(process: string, id: string): Way {
    return quietly(this.#gate.report(process, `report-${id}`, id));
  }

  #consumption(process: string, id: string): Way {
    return quietly(this.#gate.consume(process, id, this.#gate.jtiOf(id) ?? `permit of ${id}`));
  }

  #agent(): string {
    return this.#tape.below(2) === 0 ? "even" : "odd";
  }

  #take(): void {
    const way = this.#tape.oneOf(this.#waiting);
    if (way === undefined) return;
    this.#waiting = this.#waiting.filter((each) => each !== way);
    way.asked.take();
    this.#taken.push(way);
  }

  #answer(): void {
    const way = this.#tape.oneOf(this.#taken);
    if (way === undefined) return;
    this.#taken = this.#taken.filter((each) => each !== way);
    if (way.asked.answer() === "ok") way.onOk();
  }

  /** The answer never comes. What has not taken effect yet still may. */
  #lose(): void {
    const way = this.#tape.oneOf(this.#taken);
    this.#taken = this.#taken.filter((each) => each !== way);
  }

  #passTime(): void {
    this.#gate.nowMs += this.#tape.below(TERM_MS / 8);
    this.#gate.sweep();
  }
}

function quietly(asked: Asked): Way {
  return { asked, onOk: () => {} };
}
