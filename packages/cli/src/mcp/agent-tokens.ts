import type { AgentToken } from "@faramesh/mcp-gateway";
import { LIMITS } from "@faramesh/protocol";
import { CliError } from "../errors.js";

const TOKENS_MAX = 10_000;

/**
 * Reads which token is whose: `{"agents": [{"agent_id": …, "token_sha256": …}]}`.
 *
 * @throws {@link CliError} `invalid_agents` for everything that is not exactly that.
 */
export function readAgentTokens(text: string): AgentToken[] {
  const { agents, ...rest } = mapOf(parsed(text));
  if (!Array.isArray(agents) || agents.length === 0 || agents.length > TOKENS_MAX || Object.keys(rest).length > 0) {
    throw invalid(`it must be {"agents": […]}, with 1 to ${TOKENS_MAX} of them`);
  }
  return agents.map((each: unknown, place) => readToken(each, place));
}

function readToken(value: unknown, place: number): AgentToken {
  const { agent_id, token_sha256, ...rest } = mapOf(value);
  const isAgent = typeof agent_id === "string" && agent_id !== "" && agent_id.length <= LIMITS.nameCharsMax;
  const isDigest = typeof token_sha256 === "string" && /^[0-9a-f]{64}$/.test(token_sha256);
  if (!isAgent || !isDigest || Object.keys(rest).length > 0) {
    throw invalid(`agents[${place}] must be {"agent_id": …, "token_sha256": 64 hex digits}`);
  }
  return { agentId: agent_id, tokenSha256: token_sha256 };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("it is not JSON");
  }
}

function mapOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid("it holds something that is not a map");
}

function invalid(why: string): CliError {
  return new CliError("invalid_agents", `the file of agents cannot be used: ${why}`);
}
