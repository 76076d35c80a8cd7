import type { RequestMethod, Server, ServerCapabilities } from "@modelcontextprotocol/server";
import type { ResultFilter } from "./result-filter.js";
import { type Upstream, UpstreamError } from "./upstream.js";

/** What is passed on as it is to the one MCP server that is there. */
const OF_ONE_SERVER = {
  resources: [
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
  ],
  prompts: ["prompts/list", "prompts/get"],
  completions: ["completion/complete"],
  logging: ["logging/setLevel"],
} as const satisfies Partial<Record<keyof ServerCapabilities, readonly RequestMethod[]>>;

/**
 * What can be passed on: with one MCP server all that it offers beside tools; with several only their prompts, by name,
 * because nothing else says which of them is meant.
 */
export function forwardedCapabilities(upstreams: readonly Upstream[]): ServerCapabilities {
  const [only, ...others] = upstreams;
  if (only === undefined) return {};
  if (others.length > 0) return upstreams.some(hasPrompts) ? { prompts: {} } : {};
  const { resources, prompts, completions, logging } = only.capabilities;
  return {
    ...(resources && { resources }),
    ...(prompts && { prompts }),
    ...(completions && { completions }),
    ...(logging && { logging }),
  };
}

/** Passes on what {@link forwardedCapabilities} offers; everything else stays refused as unknown. */
export function forwardRequests(server: Server, upstreams: readonly Upstream[], results: ResultFilter): void {
  const [only, ...others] = upstreams;
  if (only === undefined) return;
  if (others.length > 0) {
    if (upstreams.some(hasPrompts)) forwardPrompts(server, upstreams, results);
    return;
  }
  for (const [capability, methods] of Object.entries(OF_ONE_SERVER)) {
    if (only.capabilities[capability as keyof ServerCapabilities] === undefined) continue;
    for (const method of methods) {
      server.setRequestHandler(method as "ping", async ({ params }, { mcpReq }) =>
        results.plain(await only.request(method, params, mcpReq.signal)),
      );
    }
  }
}

function forwardPrompts(server: Server, upstreams: readonly Upstream[], results: ResultFilter): void {
  server.setRequestHandler("prompts/list", async (_, { mcpReq }) => {
    const lists = await Promise.all(upstreams.filter(hasPrompts).map((each) => promptsOf(each, mcpReq.signal)));
    return results.plain({ prompts: lists.flat() });
  });
  server.setRequestHandler("prompts/get", async ({ params }, { mcpReq }) => {
    const meant = upstreams.find((upstream) => hasPrompts(upstream) && params.name.startsWith(upstream.prefix));
    if (meant === undefined) throw new UpstreamError("there is no such prompt");
    const named = { ...params, name: params.name.slice(meant.prefix.length) };
    return results.plain(await meant.request("prompts/get", named, mcpReq.signal)) as { messages: [] };
  });
}

async function promptsOf(upstream: Upstream, signal: AbortSignal): Promise<{ name: string }[]> {
  const { prompts } = (await upstream.request("prompts/list", undefined, signal)) as { prompts: { name: string }[] };
  return prompts.map((prompt) => ({ ...prompt, name: upstream.prefix + prompt.name }));
}

function hasPrompts({ capabilities }: Upstream): boolean {
  return capabilities.prompts !== undefined;
}
