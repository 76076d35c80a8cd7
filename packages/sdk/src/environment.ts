/** What the environment says about the gate. A variable that is empty counts as not set. */
export interface Environment {
  url: string | undefined;
  apiKey: string | undefined;
  allowInsecureHttp: boolean;
}

interface ProcessLike {
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads `FARAMESH_URL` (or `FARAMESH_BASE_URL`), `FARAMESH_API_KEY` (or `FARAMESH_TOKEN`) and
 * `FARAMESH_ALLOW_INSECURE_HTTP`, now. In a runtime without an environment nothing is set.
 */
export function readEnvironment(): Environment {
  const env = (globalThis as { process?: ProcessLike }).process?.env ?? {};
  return {
    url: env["FARAMESH_URL"] || env["FARAMESH_BASE_URL"] || undefined,
    apiKey: env["FARAMESH_API_KEY"] || env["FARAMESH_TOKEN"] || undefined,
    allowInsecureHttp: env["FARAMESH_ALLOW_INSECURE_HTTP"] === "1",
  };
}
