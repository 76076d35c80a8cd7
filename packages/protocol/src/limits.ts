/** Bounds on what crosses the wire. Every list, body, pattern, queue and wait has one. */
export const LIMITS = {
  /** Characters (UTF-16 code units) in `agent_id`, `tool` and `operation`. */
  nameCharsMax: 200,
  /** Bytes of a request body. */
  bodyBytesMax: 262_144,
  /** Bytes of a request body of `POST /v1/actions/batch`. */
  batchBodyBytesMax: 8_388_608,
  /** Bytes of `params`, and of `context`, in canonical form. */
  paramsBytesMax: 102_400,
  /** Nesting of arrays and objects in a body. */
  nestingMax: 32,
  /** Values (objects, arrays and scalars) in a body. */
  nodesMax: 10_000,
  /** Values in the body of `POST /v1/actions/batch`. */
  batchNodesMax: 100_000,
  idempotencyKeyCharsMax: 255,
  /** Seconds an idempotency key is kept at the least. */
  idempotencyTtlSeconds: 86_400,
  batchActionsMax: 1_000,
  listLimitMax: 1_000,
  listLimitDefault: 20,
  listOffsetMax: 10_000,
  /** Seconds a request may be held by `?wait=`. */
  waitSecondsMax: 60,
  reasonCharsMax: 1_000,
  /** Bytes of `result`, and of `meta`, in a report, in canonical form. */
  resultBytesMax: 65_536,
  errorCharsMax: 4_000,
  keyNameCharsMax: 100,
  keyAgentsMax: 100,
  /** Seconds an approval may be waited for: the default and the most a rule may ask. */
  approvalTtlSecondsDefault: 900,
  approvalTtlSecondsMax: 604_800,
  permitTtlSeconds: 300,
  leaseSecondsDefault: 900,
  leaseSecondsMax: 86_400,
} as const;
