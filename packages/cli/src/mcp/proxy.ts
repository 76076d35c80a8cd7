import { createHash } from "node:crypto";
import { httpUpstream, type Identity, startProxy, type UpstreamSpec } from "@faramesh/mcp-gateway";
import { CliError, usageError } from "../errors.js";
import { print } from "../output.js";
import { explainStartFailure } from "../server-process.js";
import { untilSignal } from "../signals.js";
import { readText } from "../text-file.js";
import { readAgentTokens } from "./agent-tokens.js";
import { type GatewayOptions, log, settingsOf } from "./gateway-options.js";
import { checkedName } from "./server-name.js";

interface ProxyCommandOptions extends GatewayOptions {
  upstream: string[];
  upstreamToken?: string[];
  port: number;
  publicUrl?: string;
  allowHost?: string[];
  agentId?: string;
  agents?: string;
  oauthIssuer?: string;
  oauthJwks?: string;
  oauthAudience?: string;
  oauthAgentClaim: string;
  oauthScope?: string[];
}

/** `faramesh mcp proxy`: until it is told to stop. */
export async function proxy(options: ProxyCommandOptions): Promise<void> {
  const signalled = untilSignal();
  const identity = await identityOf(options);
  if (identity.kind === "one-agent") log(`whoever reaches this port is ${identity.agentId}: no token is asked for`);
  const running = await startProxy({
    upstreams: upstreamsOf(options),
    identity,
    port: options.port,
    publicUrl: options.publicUrl,
    allowedHosts: options.allowHost ?? [],
    settings: settingsOf(options),
  }).catch((error: unknown) =>
    explainStartFailure(error, { host: "127.0.0.1", port: options.port, policyFile: undefined }),
  );
  print(`listening on ${running.url}`);
  await signalled;
  await running.close();
}

async function identityOf(options: ProxyCommandOptions): Promise<Identity> {
  const { agents, oauthIssuer } = options;
  const agentId = options.agentId ?? (process.env["FARAMESH_AGENT_ID"] || undefined);
  const given = [options.agentId, agents, oauthIssuer].filter((each) => each !== undefined);
  if (given.length > 1) throw usageError("only one of --agent-id, --agents and --oauth-issuer says who calls");
  if (agents !== undefined) return { kind: "tokens", tokens: readAgentTokens(await readText(agents)) };
  if (oauthIssuer !== undefined) return oauthOf(oauthIssuer, options);
  if (agentId === undefined) throw usageError("say who calls: --agents FILE, --oauth-issuer URL or --agent-id ID");
  return { kind: "one-agent", agentId };
}

function oauthOf(issuer: string, options: ProxyCommandOptions): Identity {
  const { oauthJwks, oauthAudience, oauthAgentClaim, oauthScope } = options;
  const jwksUrl = oauthJwks ?? `${issuer.replace(/\/+$/, "")}/.well-known/jwks.json`;
  for (const url of [issuer, jwksUrl]) assertUnread(url);
  const requiredScopes = oauthScope ?? [];
  return { kind: "oauth", issuer, jwksUrl, audience: oauthAudience, agentClaim: oauthAgentClaim, requiredScopes };
}

/** Whoever could answer in the authorization server's place could name any agent. */
function assertUnread(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isLoopback = parsed !== null && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(parsed.hostname);
  if (parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback)) return;
  throw usageError(`${url} is no https URL`);
}

function upstreamsOf({ upstream, upstreamToken = [] }: ProxyCommandOptions): UpstreamSpec[] {
  const named = upstream.map(namedUrl);
  if (named.length > 1 && named.some(({ prefix }) => prefix === "")) {
    throw usageError("give each of several servers a name: --upstream NAME=URL");
  }
  if (new Set(named.map(({ name }) => name)).size < named.length) throw usageError("two servers have one name");
  const tokens = new Map(upstreamToken.map((given) => tokenOf(given, new Set(named.map(({ name }) => name)))));
  try {
    return named.map((each) => httpUpstream({ ...each, token: tokens.get(each.name) }));
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

function namedUrl(given: string): { name: string; prefix: string; url: string } {
  const [, name, url] = /^([^=/:]+)=(.+)$/.exec(given) ?? [];
  if (name !== undefined && url !== undefined) return { name: checkedName(name), prefix: `${name}__`, url };
  return { name: `server-${createHash("sha256").update(given).digest("hex").slice(0, 12)}`, prefix: "", url: given };
}

/** `NAME=VARIABLE`, or `VARIABLE` for the only server: a token on a command line is seen by everybody on the machine. */
function tokenOf(given: string, names: ReadonlySet<string>): readonly [string, string] {
  const [, named, variable = ""] = /^(?:([^=]+)=)?([A-Za-z_][A-Za-z0-9_]*)$/.exec(given) ?? [];
  const [first] = names;
  const name = named ?? (names.size === 1 ? first : undefined);
  if (name === undefined || !names.has(name)) throw usageError(`--upstream-token ${given} names no server`);
  const token = process.env[variable];
  if (token === undefined || token === "") throw new CliError("no_token", `the variable ${variable} is not set`);
  return [name, token];
}
