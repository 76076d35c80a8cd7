import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { InvalidPermitError } from "@faramesh/sdk";

/**
 * A payment API on this machine. It trusts no agent: a refund runs only with a permit for exactly this refund, once.
 *
 * @typedef {object} PaymentApi
 * @property {string} url
 * @property {{ charge: string, amount: number }[]} refunds - The refunds that really happened.
 * @property {() => Promise<void>} close
 */

/**
 * @param {Pick<import("@faramesh/sdk").Client, "verifyPermit">} gate - Knows the gate's public keys; it has no API key.
 * @param {string} agentId - The agent whose permits are taken.
 * @returns {Promise<PaymentApi>}
 */
export async function startPaymentApi(gate, agentId) {
  /** @type {PaymentApi["refunds"]} */
  const refunds = [];
  const usedPermits = new Set();

  /** @param {import("node:http").IncomingMessage} request */
  async function refund(request) {
    const params = /** @type {PaymentApi["refunds"][number]} */ (await json(request));
    const call = { agent_id: agentId, tool: "payments", operation: "refund", params };
    const { jti } = await gate.verifyPermit(String(request.headers["faramesh-permit"] ?? ""), call);
    if (usedPermits.has(jti)) return { status: 409, body: { error: "this permit was already used" } };
    usedPermits.add(jti);
    refunds.push(params);
    return { status: 201, body: { refunded: params.amount } };
  }

  /** @param {import("node:http").IncomingMessage} request */
  async function answer(request) {
    if (request.method === "POST" && request.url === "/refunds") return refund(request);
    if (request.method === "GET" && request.url === "/charges/ch_1017") {
      return { status: 200, body: { charge: "ch_1017", amount: 250 } };
    }
    return { status: 404, body: { error: "not found" } };
  }

  /**
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} response
   */
  async function respond(request, response) {
    const { status, body } = await answer(request).catch(refusal);
    response.writeHead(status).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => void respond(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    refunds,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** @param {unknown} error */
function refusal(error) {
  return { status: error instanceof InvalidPermitError ? 403 : 500, body: { error: String(error) } };
}
