import type { FastifyInstance } from "fastify";
import { activateVersion, createPolicy, deactivatePolicy, rollBack } from "../../gate/policies/change-policy.js";
import { presentVersion } from "../../gate/policies/present-policy.js";
import {
  listActivations,
  listPolicies,
  listVersions,
  readActivePolicy,
  readVersion,
} from "../../gate/policies/read-policies.js";
import { checkPolicy, diffPolicyTexts, testPolicyText } from "../../gate/policies/try-policy.js";
import { callerOf } from "../authenticate.js";
import { bodyMayBeLeftOut } from "../json-body.js";
import {
  ACTIVATE,
  ACTIVATION,
  ACTIVATIONS_QUERY,
  ACTIVE_POLICY,
  ACTIVE_QUERY,
  type ActivateBody,
  type ActivationsQuery,
  type ActiveQuery,
  CHECKED_POLICY,
  CREATED_POLICY,
  DIFF,
  type DiffBody,
  LISTED_POLICY,
  NEW_POLICY,
  type NewPolicyBody,
  NOTE,
  type NoteBody,
  POLICY_BODY_BYTES_MAX,
  POLICY_DIFF,
  POLICY_PARAMS,
  POLICY_TEXT,
  POLICY_VERSION,
  type PolicyParams,
  type PolicyTextBody,
  TESTED_POLICY,
  VERSION_PARAMS,
  type VersionParams,
  WHOLE_POLICY,
} from "../policy-schemas.js";
import { wholeNumberOf } from "../request-words.js";
import { listOf } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

const ACTIVATIONS_DEFAULT = 100;
const ACTIVATIONS_MAX = 1_000;

/** `/v1/policies`: what decides, its versions and their history, and trying a policy before it decides. */
export function policyRoutes(app: FastifyInstance, context: RouteContext): void {
  readRoutes(app, context);
  changeRoutes(app, context);
  tryRoutes(app, context);
}

function readRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.get<{ Querystring: ActiveQuery }>(
    "/v1/policies/active",
    {
      schema: {
        operationId: "getActivePolicy",
        summary: "The policy that decides now",
        tags: ["policies"],
        querystring: ACTIVE_QUERY,
        response: { 200: ACTIVE_POLICY },
      },
    },
    async (request) => readActivePolicy(gate, callerOf(request), request.query.agent_id ?? null),
  );

  app.get(
    "/v1/policies",
    {
      schema: {
        operationId: "listPolicies",
        summary: "List policies",
        tags: ["policies"],
        response: { 200: listOf(LISTED_POLICY) },
      },
    },
    async (request) => listPolicies(gate, callerOf(request)),
  );

  app.get<{ Params: PolicyParams }>(
    "/v1/policies/:id/versions",
    {
      schema: {
        operationId: "listPolicyVersions",
        summary: "A policy's versions, newest first",
        tags: ["policies"],
        params: POLICY_PARAMS,
        response: { 200: listOf(POLICY_VERSION) },
      },
    },
    async (request) => listVersions(gate, callerOf(request), request.params.id),
  );

  app.get<{ Params: VersionParams }>(
    "/v1/policies/:id/versions/:version",
    {
      schema: {
        operationId: "getPolicyVersion",
        summary: "One version, with its texts and rules",
        tags: ["policies"],
        params: VERSION_PARAMS,
        response: { 200: WHOLE_POLICY },
      },
    },
    async (request) => readVersion(gate, callerOf(request), request.params.id, Number(request.params.version)),
  );

  app.get<{ Querystring: ActivationsQuery }>(
    "/v1/policy-activations",
    {
      schema: {
        operationId: "listPolicyActivations",
        summary: "What was made to decide when, newest first",
        tags: ["policies"],
        querystring: ACTIVATIONS_QUERY,
        response: { 200: listOf(ACTIVATION) },
      },
    },
    async (request) => {
      const { policy_id = null, limit } = request.query;
      const rows = wholeNumberOf("limit", limit, 1, ACTIVATIONS_MAX) ?? ACTIVATIONS_DEFAULT;
      return listActivations(gate, callerOf(request), policy_id, rows);
    },
  );
}

function changeRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.post<{ Body: NewPolicyBody }>(
    "/v1/policies",
    {
      bodyLimit: POLICY_BODY_BYTES_MAX,
      schema: {
        operationId: "createPolicyVersion",
        summary: "Record a version of a policy",
        tags: ["policies"],
        body: NEW_POLICY,
        response: { 200: CREATED_POLICY, 201: CREATED_POLICY },
      },
    },
    async (request, reply) => {
      const { note = null, activate = false } = request.body;
      const put = await createPolicy(gate, callerOf(request), { ...textOf(request.body), note, activate });
      reply.code(put.isNew ? 201 : 200);
      return { ...presentVersion(gate, put.version), created: put.isNew, activated: put.isActivated };
    },
  );

  app.post<{ Params: PolicyParams; Body: ActivateBody }>(
    "/v1/policies/:id/activate",
    {
      schema: {
        operationId: "activatePolicy",
        summary: "Make a version decide",
        tags: ["policies"],
        params: POLICY_PARAMS,
        body: ACTIVATE,
        response: { 200: POLICY_VERSION },
      },
    },
    async (request) => {
      const { version, note = null } = request.body;
      return activateVersion(gate, callerOf(request), request.params.id, version, note);
    },
  );

  const steps = [
    {
      verb: "rollback",
      operationId: "rollBackPolicy",
      summary: "Make the version decide that did before",
      take: rollBack,
    },
    { verb: "deactivate", operationId: "deactivatePolicy", summary: "End a policy", take: deactivatePolicy },
  ];
  for (const { verb, operationId, summary, take } of steps) {
    app.post<{ Params: PolicyParams; Body: NoteBody }>(
      `/v1/policies/:id/${verb}`,
      {
        preValidation: bodyMayBeLeftOut,
        schema: {
          operationId,
          summary,
          tags: ["policies"],
          params: POLICY_PARAMS,
          body: NOTE,
          response: { 200: POLICY_VERSION },
        },
      },
      async (request) => take(gate, callerOf(request), request.params.id, request.body.note ?? null),
    );
  }
}

function tryRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.post<{ Body: PolicyTextBody }>(
    "/v1/policies/validate",
    {
      bodyLimit: POLICY_BODY_BYTES_MAX,
      schema: {
        operationId: "validatePolicy",
        summary: "Check a policy; nothing is stored",
        tags: ["policies"],
        body: POLICY_TEXT,
        response: { 200: CHECKED_POLICY },
      },
    },
    async (request) => checkPolicy(gate, callerOf(request), textOf(request.body)),
  );

  app.post<{ Body: PolicyTextBody }>(
    "/v1/policies/test",
    {
      bodyLimit: POLICY_BODY_BYTES_MAX,
      schema: {
        operationId: "testPolicy",
        summary: "Run a policy's tests; nothing is stored",
        tags: ["policies"],
        body: POLICY_TEXT,
        response: { 200: TESTED_POLICY },
      },
    },
    async (request) => testPolicyText(gate, callerOf(request), textOf(request.body)),
  );

  app.post<{ Body: DiffBody }>(
    "/v1/policies/diff",
    {
      bodyLimit: POLICY_BODY_BYTES_MAX,
      schema: {
        operationId: "diffPolicies",
        summary: "Compare two policies by what they mean",
        tags: ["policies"],
        body: DIFF,
        response: { 200: POLICY_DIFF },
      },
    },
    async (request) => {
      const { before = {}, after, actions = 0 } = request.body;
      return diffPolicyTexts(gate, callerOf(request), { before, after }, actions);
    },
  );
}

function textOf({ source, tests }: PolicyTextBody): { source: string; tests: string | null } {
  return { source, tests: tests ?? null };
}
