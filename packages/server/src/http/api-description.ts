import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { PROBLEM } from "./schemas.js";

const ANY_ERROR = { description: "A problem (RFC 9457)", content: { "application/problem+json": { schema: PROBLEM } } };

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Describes what the app serves (OpenAPI 3.1), for people and for generators of clients: every operation has a name,
 * every answer a schema, and each object with a title is a schema of its own that others refer to.
 *
 * @throws Error, from the app's start, where two schemas share a title.
 */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Faramesh API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      security: [{ key: [] }],
    },
    transform: ({ schema, url }) => {
      return {
        url,
        schema: { ...schema, response: { ...(schema?.response as object | undefined), default: ANY_ERROR } },
      };
    },
    transformObject: (described) => {
      if (!("openapiObject" in described)) return described.swaggerObject;
      const { openapiObject } = described;
      const schemas = new Map<string, Json>();
      const paths = hoisted(openapiObject.paths as unknown as Json, schemas);
      const components = { ...openapiObject.components, schemas: Object.fromEntries(schemas) };
      return { ...openapiObject, paths, components } as unknown as typeof openapiObject;
    },
  });
}

/** The same with a reference in the place of every titled object, which goes to `schemas`. */
function hoisted(value: Json, schemas: Map<string, Json>): Json {
  if (isList(value)) return value.map((item) => hoisted(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hoisted(member, schemas)]));
  const { title, type } = copy;
  if (typeof title !== "string" || type !== "object") return copy;
  const known = schemas.get(title);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(copy)) {
    throw new Error(`two schemas have the title ${title}`);
  }
  schemas.set(title, copy);
  return { $ref: `#/components/schemas/${title}` };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
