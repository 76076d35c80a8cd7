/** What client commands take from the environment. */
export interface ClientEnvironment {
  url: string | undefined;
  apiKey: string | undefined;
}

/** Reads the variables of client commands; an empty one counts as not set. */
export function readClientEnvironment(env: NodeJS.ProcessEnv = process.env): ClientEnvironment {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  return {
    url: given("FARAMESH_URL") ?? given("FARAMESH_BASE_URL"),
    apiKey: given("FARAMESH_API_KEY") ?? given("FARAMESH_TOKEN"),
  };
}
