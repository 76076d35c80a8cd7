import { readActionRequest } from "@faramesh/core";
import { type Action, type ApprovalAnswer, LIMITS, type Problem, type ResultReport } from "@faramesh/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { cancelAction } from "../../gate/cancel-action.js";
import { claimAction } from "../../gate/claim-action.js";
import { presentAction } from "../../gate/present-action.js";
import { actionTimeline, getAction, listActions, waitForChange } from "../../gate/read-actions.js";
import { reportResult } from "../../gate/report-result.js";
import { resolveApproval } from "../../gate/resolve-approval.js";
import { submitAction } from "../../gate/submit-action.js";
import type { StepTaken } from "../../gate/take-step.js";
import { callerOf } from "../authenticate.js";
import { type Ask, openHotRoute } from "../hot-route.js";
import { bodyMayBeLeftOut } from "../json-body.js";
import { problemOf, tell } from "../problem.js";
import { callerGone, idempotencyKeyOf, timeMsOf, waitMsOf, wholeNumberOf } from "../request-words.js";
import {
  ACTION,
  ACTION_REQUEST,
  APPROVAL,
  BATCH_ANSWER,
  BATCH_REQUEST,
  type BatchRequest,
  EVENT,
  GET_QUERY,
  type GetQuery,
  ID_PARAMS,
  type IdParams,
  LIST_QUERY,
  type ListQuery,
  listOf,
  REASON,
  RESULT,
  type Reason,
  START,
  type Start,
  WAIT_QUERY,
} from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** `/v1/actions`: submit, read, and every step in an action's life. */
export function actionRoutes(app: FastifyInstance, context: RouteContext): void {
  submitRoutes(app, context);
  readRoutes(app, context);
  stepRoutes(app, context);
}

/** Says that the same request was made before, and that this answer is about what it did then. */
const REPLAYED = { headers: { "idempotent-replayed": "true" } };

function submitRoutes(app: FastifyInstance, { gate, metrics, lane, closing }: RouteContext): void {
  /** Recorded is recorded: a wait that fails must not turn the answer into an error. */
  const afterWait = (ask: Ask, action: StepTaken["action"], waitMs: number): Promise<StepTaken["action"]> => {
    const wait = { from: "pending_approval", waitMs, signal: ask.gone() } as const;
    return waitForChange(gate, ask.principal, action, wait).catch(() => action);
  };

  openHotRoute(app, lane, closing, {
    url: "/v1/actions",
    schema: {
      operationId: "submitAction",
      summary: "Submit an action",
      tags: ["actions"],
      body: ACTION_REQUEST,
      querystring: WAIT_QUERY,
      response: { 201: ACTION },
    },
    async answer(ask) {
      const { principal, body, headers } = ask;
      const taken = await submitAction(gate, principal, readActionRequest(body), idempotencyKeyOf(headers));
      if (!taken.replayed) metrics.decided(taken.action);
      const waitMs = waitMsOf(ask.query["wait"]);
      const row = waitMs === 0 ? taken.action : await afterWait(ask, taken.action, waitMs);
      return { status: 201, body: presentAction(gate, principal, row), ...(taken.replayed && REPLAYED) };
    },
  });

  app.post<{ Body: BatchRequest }>(
    "/v1/actions/batch",
    {
      bodyLimit: LIMITS.batchBodyBytesMax,
      config: { bodyNodesMax: LIMITS.batchNodesMax },
      schema: {
        operationId: "submitActions",
        summary: "Submit up to 1,000 actions",
        tags: ["actions"],
        body: BATCH_REQUEST,
        response: { 200: BATCH_ANSWER },
      },
    },
    async (request) => {
      const principal = callerOf(request);
      const key = idempotencyKeyOf(request.headers);
      const submitOne = async (body: unknown, index: number): Promise<{ action: Action } | { error: Problem }> => {
        try {
          const itemKey = key === null ? null : `${key} ${index}`;
          const { action, replayed } = await submitAction(gate, principal, readActionRequest(body), itemKey);
          if (!replayed) metrics.decided(action);
          return { action: presentAction(gate, principal, action) };
        } catch (error) {
          return { error: problemOf(tell(error), request.id) };
        }
      };
      return { results: await Promise.all(request.body.actions.map(submitOne)) };
    },
  );
}

function readRoutes(app: FastifyInstance, { gate, closing }: RouteContext): void {
  app.get<{ Querystring: ListQuery }>(
    "/v1/actions",
    {
      schema: {
        operationId: "listActions",
        summary: "List actions, newest first",
        tags: ["actions"],
        querystring: LIST_QUERY,
        response: { 200: listOf(ACTION) },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const { rows, hasMore } = await listActions(gate, principal, filterOf(request.query));
      const last = rows.at(-1);
      if (last !== undefined && hasMore) reply.header("link", nextLink(request.url, last.id));
      return rows.map((row) => presentAction(gate, principal, row));
    },
  );

  app.get<{ Params: IdParams; Querystring: GetQuery }>(
    "/v1/actions/:id",
    {
      schema: {
        operationId: "getAction",
        summary: "Get an action",
        tags: ["actions"],
        params: ID_PARAMS,
        querystring: GET_QUERY,
        response: { 200: ACTION },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const row = await getAction(gate, principal, request.params.id);
      const waitMs = waitMsOf(request.query.wait);
      if (waitMs === 0) return presentAction(gate, principal, row);
      const from = request.query.status ?? row.status;
      const latest = await waitForChange(gate, principal, row, { from, waitMs, signal: callerGone(reply, closing) });
      return presentAction(gate, principal, latest);
    },
  );

  app.get<{ Params: IdParams }>(
    "/v1/actions/:id/events",
    {
      schema: {
        operationId: "listActionEvents",
        summary: "An action's timeline",
        tags: ["actions"],
        params: ID_PARAMS,
        response: { 200: listOf(EVENT) },
      },
    },
    async (request) => actionTimeline(gate, callerOf(request), request.params.id),
  );
}

function stepRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.post<{ Params: IdParams; Body: ApprovalAnswer }>(
    "/v1/actions/:id/approval",
    {
      config: { access: "key_or_token" },
      schema: {
        operationId: "resolveApproval",
        summary: "Approve or reject",
        tags: ["actions"],
        params: ID_PARAMS,
        body: APPROVAL,
        response: { 200: ACTION },
      },
    },
    async (request, reply) => {
      const principal = request.principal;
      const { id } = request.params;
      const taken = await resolveApproval(gate, principal, id, request.body, idempotencyKeyOf(request.headers));
      return answer(reply, presentAction(gate, principal, taken.action), taken);
    },
  );

  app.post<{ Params: IdParams; Body: Start }>(
    "/v1/actions/:id/start",
    {
      preValidation: bodyMayBeLeftOut,
      schema: {
        operationId: "startAction",
        summary: "Claim",
        tags: ["actions"],
        params: ID_PARAMS,
        body: START,
        response: { 200: ACTION },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const lease = request.body.lease_seconds ?? null;
      const claim = await claimAction(gate, principal, request.params.id, lease, idempotencyKeyOf(request.headers));
      return answer(reply, { ...presentAction(gate, principal, claim.action), permit: claim.permit }, claim);
    },
  );

  app.post<{ Params: IdParams; Body: ResultReport }>(
    "/v1/actions/:id/result",
    {
      schema: {
        operationId: "reportResult",
        summary: "Report the result",
        tags: ["actions"],
        params: ID_PARAMS,
        body: RESULT,
        response: { 200: ACTION },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const taken = await reportResult(
        gate,
        principal,
        request.params.id,
        request.body,
        idempotencyKeyOf(request.headers),
      );
      return answer(reply, presentAction(gate, principal, taken.action), taken);
    },
  );

  app.post<{ Params: IdParams; Body: Reason }>(
    "/v1/actions/:id/cancel",
    {
      preValidation: bodyMayBeLeftOut,
      schema: {
        operationId: "cancelAction",
        summary: "Cancel",
        tags: ["actions"],
        params: ID_PARAMS,
        body: REASON,
        response: { 200: ACTION },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const reason = request.body.reason ?? null;
      const taken = await cancelAction(gate, principal, request.params.id, reason, idempotencyKeyOf(request.headers));
      return answer(reply, presentAction(gate, principal, taken.action), taken);
    },
  );
}

function answer(reply: FastifyReply, action: Action, taken: StepTaken): Action {
  if (taken.replayed) reply.headers(REPLAYED.headers);
  return action;
}

function filterOf(query: ListQuery): Parameters<typeof listActions>[2] {
  return {
    status: query.status ?? [],
    agentId: query.agent_id ?? [],
    tool: query.tool ?? [],
    operation: query.operation ?? [],
    outcome: query.outcome ?? [],
    riskLevel: query.risk_level ?? [],
    text: query.q ?? null,
    sinceMs: timeMsOf("since", query.since),
    untilMs: timeMsOf("until", query.until),
    beforeId: query.cursor ?? null,
    limit: wholeNumberOf("limit", query.limit, 1, LIMITS.listLimitMax) ?? LIMITS.listLimitDefault,
    offset: wholeNumberOf("offset", query.offset, 0, LIMITS.listOffsetMax) ?? 0,
  };
}

/** The same listing behind its last row (RFC 8288). */
function nextLink(url: string, lastId: string): string {
  const next = new URL(url, "http://gate");
  next.searchParams.delete("offset");
  next.searchParams.set("cursor", lastId);
  return `<${next.pathname}${next.search}>; rel="next"`;
}
