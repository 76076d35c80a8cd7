import { createHash, timingSafeEqual } from "node:crypto";
import { LIMITS } from "@faramesh/protocol";
import { type AuthInfo, OAuthError, OAuthErrorCode, requireBearerAuth } from "@modelcontextprotocol/server";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";

/** Who a request comes from. */
export interface Caller {
  readonly agentId: string;
  readonly auth: AuthInfo;
}

/** Finds out who a request comes from, or the answer that refuses it: never from what the client says of itself. */
export type Authenticate = (request: Request) => Promise<Caller | Response>;

/** How the agents at an HTTP endpoint are told apart. */
export type Identity =
  /** Whoever can reach the endpoint is this agent. */
  | { kind: "one-agent"; agentId: string }
  /** Bearer tokens, known by their SHA-256. */
  | { kind: "tokens"; tokens: readonly AgentToken[] }
  /** OAuth 2 access tokens (JWT, RFC 9068) of an authorization server. */
  | ({ kind: "oauth" } & OAuthIdentity);

/** A token, and the agent that has it. */
export interface AgentToken {
  readonly agentId: string;
  /** Hex. */
  readonly tokenSha256: string;
}

/** What access tokens must say. */
export interface OAuthIdentity {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** What they were issued for. Default: the URL of the endpoint. */
  readonly audience?: string | undefined;
  /** The claim that names the agent. */
  readonly agentClaim: string;
  readonly requiredScopes: readonly string[];
}

/** Signatures with a public key only: with a shared secret, whoever can check a token could make one. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 5;
/** For how long a token that does not expire is believed; it is checked anew with every request. */
const REQUEST_SECONDS = 3_600;

/** @param endpoint - The URL clients know the endpoint by. */
export function authenticator(identity: Identity, endpoint: URL): Authenticate {
  if (identity.kind === "one-agent") {
    const { agentId } = identity;
    return async () => ({ agentId, auth: { token: "", clientId: agentId, scopes: [] } });
  }
  const check = identity.kind === "tokens" ? tokenCheck(identity.tokens) : oauthCheck(identity, endpoint);
  const gate = requireBearerAuth({
    verifier: { verifyAccessToken: check },
    ...(identity.kind === "oauth" && {
      requiredScopes: [...identity.requiredScopes],
      resourceMetadataUrl: metadataUrl(endpoint).href,
    }),
  });
  return async (request) => {
    const auth = await gate(request);
    return auth instanceof Response ? auth : { agentId: auth.clientId, auth };
  };
}

/** Where the metadata of the protected resource is (RFC 9728). */
export function metadataUrl(endpoint: URL): URL {
  return new URL(`/.well-known/oauth-protected-resource${endpoint.pathname}`, endpoint);
}

/** The metadata of the endpoint as a protected resource (RFC 9728); null where there is no authorization server. */
export function resourceMetadata(identity: Identity, endpoint: URL): object | null {
  if (identity.kind !== "oauth") return null;
  return {
    resource: identity.audience ?? endpoint.href,
    authorization_servers: [identity.issuer],
    bearer_methods_supported: ["header"],
    ...(identity.requiredScopes.length > 0 && { scopes_supported: identity.requiredScopes }),
    resource_name: "Faramesh MCP gateway",
  };
}

type Check = (token: string) => Promise<AuthInfo>;

function tokenCheck(tokens: readonly AgentToken[]): Check {
  const known = tokens.map(({ agentId, tokenSha256 }) => ({ agentId, digest: Buffer.from(tokenSha256, "hex") }));
  return async (token) => {
    const digest = createHash("sha256").update(token).digest();
    const found = known.filter((each) => timingSafeEqual(each.digest, digest))[0];
    if (found === undefined) throw invalidToken();
    return { token, clientId: found.agentId, scopes: [], expiresAt: Math.floor(Date.now() / 1000) + REQUEST_SECONDS };
  };
}

function oauthCheck({ issuer, jwksUrl, audience, agentClaim }: OAuthIdentity, endpoint: URL): Check {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return async (token) => {
    const payload = await verified(token, keys, { issuer, audience: audience ?? endpoint.href });
    const agentId = payload[agentClaim];
    if (typeof agentId !== "string" || agentId === "" || agentId.length > LIMITS.nameCharsMax) throw invalidToken();
    if (payload.exp === undefined) throw invalidToken();
    const scope = payload["scope"];
    return {
      token,
      clientId: agentId,
      scopes: typeof scope === "string" ? scope.split(" ") : [],
      expiresAt: payload.exp,
    };
  };
}

async function verified(
  token: string,
  keys: ReturnType<typeof createRemoteJWKSet>,
  expected: { issuer: string; audience: string },
): Promise<JWTPayload> {
  try {
    const options = { ...expected, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS };
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    const isUnreachable = error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError);
    if (isUnreachable) throw new OAuthError(OAuthErrorCode.ServerError, "the authorization server cannot be asked");
    throw invalidToken();
  }
}

/** Why a token is refused is not told: whoever has it learns what to change. */
function invalidToken(): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidToken, "the token is not valid here");
}
