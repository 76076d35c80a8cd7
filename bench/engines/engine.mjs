/**
 * Something that decides. Each engine has a loop of its own, so that the JIT compiler sees one engine in it, as it
 * would in an application.
 *
 * @typedef {object} Engine
 * @property {() => string[] | Promise<string[]>} outcomes - What it answers for each of the actions.
 * @property {(count: number) => number | Promise<number>} run - Decides `count` times over the actions in turn; the number it returns
 *   depends on every answer, so that no decision can be optimised away.
 */

/**
 * Makes sure that two engines decide alike before anyone compares their speed.
 *
 * @param {string[]} subject - Its outcomes.
 * @param {string[]} baseline
 * @throws Error naming the first action on which they differ.
 */
export function assertSameOutcomes(subject, baseline) {
  const index = subject.findIndex((outcome, at) => outcome !== baseline[at]);
  if (index === -1 && subject.length === baseline.length) return;
  throw new Error(`action ${index}: we answer ${subject[index]}, the baseline answers ${baseline[index]}`);
}

/**
 * The view of engines that know two answers: it runs now, or it does not.
 *
 * @param {string} outcome
 */
export function runsNow(outcome) {
  return outcome === "EXECUTE" ? "runs" : "does not run";
}
