import type { Execution, GuardedAction, GuardOptions } from "./guard.js";
import { badResponse } from "./read-answer.js";

/** What a governed function is to the gate. */
export interface GovernOptions extends Omit<GuardOptions, "idempotencyKey"> {
  agentId: string;
  tool: string;
  operation: string;
  /** The agent's own word about the circumstances; a function is asked anew for each call. */
  context?: object | (() => object) | undefined;
}

/** What asks the gate and runs: `executeIfAllowed` of some client. */
export type Guard = <P extends object, R>(guarded: GuardedAction<P, R>) => Promise<Execution<R>>;

/** A function that asks the gate before each call. */
export type Governed<A extends unknown[], R> = (...args: A) => Promise<R>;

/**
 * Puts a function behind the gate: the same parameters, the same return value in a promise, and the sequence of
 * `executeIfAllowed` around each call.
 *
 * A call with one plain object is submitted with this object as its params; any other call with `{args: [...]}`. Either
 * must be plain JSON data. Where a person edited the params, the function is called with the edited ones, taken apart
 * the same way.
 *
 * @throws From the returned function, what `executeIfAllowed` throws; the function was not called then.
 */
export function govern<A extends unknown[], R>(
  guard: Guard,
  fn: (...args: A) => R | PromiseLike<R>,
  options: GovernOptions,
): Governed<A, R> {
  const { agentId, tool, operation, context, ...guardOptions } = options;
  return async function governed(this: unknown, ...args: A): Promise<R> {
    const single = isSinglePlainObject(args);
    const execution = await guard<object, R>({
      ...guardOptions,
      agent_id: agentId,
      tool,
      operation,
      params: single ? args[0] : { args },
      context: contextNow(context),
      executor: async (params) => await fn.apply(this, (single ? [params] : positional(params)) as A),
    });
    return execution.result;
  };
}

function contextNow(context: GovernOptions["context"]): object | undefined {
  return typeof context === "function" ? (context as () => object)() : context;
}

function isSinglePlainObject(args: readonly unknown[]): args is readonly [object] {
  const [only] = args;
  if (args.length !== 1 || typeof only !== "object" || only === null) return false;
  const prototype: unknown = Object.getPrototypeOf(only);
  return prototype === Object.prototype || prototype === null;
}

/** An edit may have left something that is no list of arguments; guessing what it means would run what nobody saw. */
function positional(params: object): unknown[] {
  if ("args" in params && Array.isArray(params.args) && Object.keys(params).length === 1) return params.args;
  throw badResponse("The returned params are not a list of arguments, so the function was not called");
}
