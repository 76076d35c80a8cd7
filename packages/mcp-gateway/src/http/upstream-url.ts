import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { UpstreamSpec } from "../upstream.js";

const LOOPBACK_HOST = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** An MCP server that is reached over streamable HTTP. */
export interface HttpUpstream {
  name: string;
  prefix: string;
  url: string;
  /** The gateway's own bearer token there. What clients authenticate with is never passed on. */
  token?: string | undefined;
}

/**
 * How to reach an MCP server over streamable HTTP.
 *
 * @throws TypeError for a URL that is none, or where anybody on the way could read what is sent.
 */
export function httpUpstream({ name, prefix, url, token }: HttpUpstream): UpstreamSpec {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !/^https?:$/.test(address.protocol) || address.username !== "" || address.password !== "") {
    throw new TypeError(`the URL of ${name} must look like https://host/mcp, without a user`);
  }
  if (address.protocol === "http:" && !LOOPBACK_HOST.test(address.hostname)) {
    throw new TypeError(`plain http to ${address.hostname} would show everybody on the way what is sent; use https`);
  }
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    name,
    prefix,
    probe: true,
    // What is sent must not follow a redirect to somewhere else.
    transport: () => new StreamableHTTPClientTransport(address, { requestInit: { headers, redirect: "error" } }),
  };
}
