/** Connections that ask at once. */
export const CONNECTIONS = 64;

/** What the gates here are started with. */
export const ADMIN_KEY = "fm_bench_admin_key";

/** What the agent proposes again and again: the same rule answers, other amounts and charges each time. */
const BODIES = Array.from({ length: 256 }, (_, number) =>
  JSON.stringify({
    agent_id: "billing-agent",
    tool: "stripe",
    operation: "refund",
    params: {
      amount: 100 + number,
      currency: "EUR",
      charge: `ch_3Nf${1000 + number}`,
      reason: "requested_by_customer",
    },
    context: { env: "prod", run: "nightly-2481" },
  }),
);

/**
 * A key that agents use: it is looked up in the store, unlike the one from the configuration.
 *
 * @param {number} port
 * @param {string[]} [agents] - Globs of the agents it is bound to.
 * @returns {Promise<string>}
 */
export async function agentKey(port, agents = []) {
  const body = JSON.stringify({ name: "bench", role: "agent", agents });
  return JSON.parse(await post(port, "/v1/api-keys", ADMIN_KEY, body, 201)).key;
}

/**
 * One request and its answer, as it is.
 *
 * @param {number} port
 * @param {string} path
 * @param {string} key
 * @param {string} body
 * @param {number} status - What it must be answered with.
 * @returns {Promise<string>}
 */
export async function post(port, path, key, body, status) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== status) throw new Error(`POST ${path} is answered ${response.status}: ${text}`);
  return text;
}

/** A body as the generator sends it, to see what the gate answers. */
export const sampleBody = BODIES[0];

/**
 * The requests as they go over the wire. Both sides get the same, the key included.
 *
 * @param {string} path
 * @param {string} key
 */
export function requestsTo(path, key) {
  return BODIES.map((body) => request("POST", path, key, body));
}

/**
 * @param {string} path
 * @param {string} key
 */
export function getRequest(path, key) {
  return request("GET", path, key, "");
}

function request(method, path, key, body) {
  const about = ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1", `authorization: Bearer ${key}`];
  return [...head, ...(body === "" ? [] : about), "", body].join("\r\n");
}
