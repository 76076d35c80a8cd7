import type { FastifyInstance } from "fastify";
import { GateError } from "../../gate/errors.js";
import { prune } from "../../gate/prune.js";
import { callerOf } from "../authenticate.js";
import type { Log } from "../problem.js";
import { timeMsOf } from "../request-words.js";
import { PRUNE, PRUNED, type Prune } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** `/v1/prune`: remove what is old. */
export function pruneRoutes(app: FastifyInstance, { gate }: RouteContext, log: Log): void {
  app.post<{ Body: Prune }>(
    "/v1/prune",
    {
      schema: {
        operationId: "prune",
        summary: "Remove what is old",
        tags: ["prune"],
        body: PRUNE,
        response: { 200: PRUNED },
      },
    },
    async (request) => {
      const principal = callerOf(request);
      const { before, dry_run: dryRun = false } = request.body;
      const pruned = await prune(gate, principal, timeOf(before), dryRun);
      if (!dryRun) log.info({ ...pruned, by: principal.id }, "pruned");
      return pruned;
    },
  );
}

function timeOf(before: string): number {
  const ms = timeMsOf("before", before);
  if (ms === null) throw new GateError("invalid_request", "before is missing");
  return ms;
}
