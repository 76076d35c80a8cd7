/** Bounds of the gateway. Whatever a client or an MCP server sends, nothing grows past these. */
export const GATEWAY_LIMITS = {
  /** Bytes of one message from a client. */
  clientMessageBytesMax: 1_048_576,
  /** Bytes of one message from an MCP server over stdio. */
  serverMessageBytesMax: 16_777_216,
  /** Tools of one MCP server. */
  toolsMax: 1_000,
  /** Bytes of the definitions of one MCP server's tools. */
  toolBytesMax: 4_194_304,
  /** Nesting of a tool's definition. */
  toolNestingMax: 100,
  /** Calls that one session has under way, held ones included. */
  callsMax: 64,
  /** Agents whose held calls are remembered at one HTTP endpoint; past that the first are forgotten. */
  agentsMax: 1_000,
  /** Held calls that one agent may resume; past that the oldest is forgotten, and calling again is a new action. */
  parkedMax: 256,
  /** Sessions of one HTTP endpoint, and agents served without sessions. */
  sessionsMax: 200,
  /** Connections to one HTTP endpoint. */
  connectionsMax: 1_000,
  /** Milliseconds after which a session that nobody uses is closed. */
  sessionIdleMs: 1_800_000,
  /** MCP servers behind one endpoint. */
  upstreamsMax: 20,
  /** Bytes of a result, unless another bound is chosen. */
  resultBytesDefault: 1_048_576,
  /** Patterns of what is redacted. */
  redactionsMax: 100,
  /** Seconds a held call waits for a person before it is parked. Below the 60 s after which clients give up. */
  waitSecondsDefault: 25,
  waitSecondsMax: 3_600,
  /** Seconds a call may run. */
  callSecondsDefault: 300,
  callSecondsMax: 3_600,
  /** Rounds of `input_required` for one call before it ends with an error that says how to resume. */
  heldRoundsMax: 4,
  /** Milliseconds between two notifications of progress while a call is held. */
  heldProgressMs: 5_000,
} as const;
