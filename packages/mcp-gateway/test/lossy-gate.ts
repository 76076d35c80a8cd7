import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A way to a gate on which answers can be lost: the gate has done what it was asked by then. */
export interface LossyGate {
  url: string;
  /** Whether the answers to submissions are lost from now on. */
  losing: boolean;
  stop(): Promise<void>;
}

export async function lossyWayTo(gateUrl: string): Promise<LossyGate> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const lossy: LossyGate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    losing: false,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  server.on("request", (request, response) => {
    const forward = async (): Promise<void> => {
      const body = Buffer.concat(await request.toArray());
      const { host: _host, connection: _connection, ...headers } = request.headers as Record<string, string>;
      const method = request.method ?? "GET";
      const answer = await fetch(gateUrl + (request.url ?? "/"), {
        method,
        headers,
        ...(method === "POST" && { body }),
      });
      const text = await answer.text();
      if (lossy.losing && request.url?.startsWith("/v1/actions") && method === "POST") {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
      response.end(text);
    };
    forward().catch(() => request.socket.destroy());
  });
  return lossy;
}
