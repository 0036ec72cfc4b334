import { z } from 'zod';
import type { RefusalCode } from '#core/values/result.ts';
import { isApiKeyGuard } from '#http/api/api-key-guard.ts';
import { statusOf } from '#http/problem.ts';
import type { ApiKeyGuard, ApiRoute, Guard, Route } from '#http/route.ts';

type Json = Readonly<Record<string, unknown>>;
type Named = { readonly name: string; readonly publicUrl: { readonly origin: string } };

/** The JSON API as OpenAPI 3.1, made from the declarations that also route and validate; once for each name. */
export function openApiDocument(routes: readonly Route[], named: Named): Json {
  const known = DOCUMENTS.get(routes);
  if (known?.name === named.name) return known.document;
  const document = makeDocument(routes, named);
  DOCUMENTS.set(routes, { name: named.name, document });
  return document;
}

const DOCUMENTS = new WeakMap<readonly Route[], { readonly name: string; readonly document: Json }>();

function makeDocument(routes: readonly Route[], { name, publicUrl }: Named): Json {
  return {
    openapi: '3.1.0',
    info: { title: `${name}: sign-in and management API`, version: '1' },
    servers: [{ url: publicUrl.origin }],
    paths: paths(routes.filter((route) => route.channel === 'api')),
    components: {
      securitySchemes: {
        pendingToken: { type: 'http', scheme: 'bearer', description: 'pendingToken of POST /api/v1/sign-in' },
        sessionToken: { type: 'http', scheme: 'bearer', description: 'session.token of a complete sign-in' },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'a key of the management API, made by an administrator',
        },
      },
      schemas: { Problem: PROBLEM },
    },
  };
}

function paths(routes: readonly ApiRoute[]): Json {
  const byPath: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    byPath[path] = { ...byPath[path], [route.method.toLowerCase()]: operation(route) };
  }
  return byPath;
}

function operation(route: ApiRoute): Json {
  const { summary, guard, body, answer, refusals, idempotent } = route;
  const parameters = [...pathParameters(route), ...queryParameters(route), ...(idempotent ? [IDEMPOTENCY_KEY] : [])];
  return {
    operationId: operationId(route),
    tags: [route.path.split('/')[3]],
    summary,
    security: security(guard),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: json(schema(body, 'input')) } }),
    responses: { ...success(answer), ...problems([...ALWAYS, ...ofGuard(guard), ...refusals, ...ofName(idempotent)]) },
  };
}

/** A name for client generators: `POST /api/v1/users/:user/reset-mfa` becomes `postUsersUserResetMfa`. */
function operationId({ method, path }: ApiRoute): string {
  const words = path.split(/[^a-z0-9]+/).slice(3);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function pathParameters({ path }: ApiRoute): readonly Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: ApiRoute): readonly Json[] {
  if (query === undefined) return [];
  const { properties = {} } = schema(query, 'input') as { properties?: Json };
  return Object.entries(properties).map(([name, type]) => ({ name, in: 'query', required: false, schema: type }));
}

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A name for this one act: asked again within 24 hours, it is not done again and the answer is the same.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function success(answer: z.ZodType | undefined): Json {
  return answer === undefined
    ? { 204: { description: 'Done' } }
    : { 200: { description: 'Done', content: json(schema(answer, 'output')) } };
}

function json(schemaOfIt: Json): Json {
  return { 'application/json': { schema: schemaOfIt } };
}

function schema(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(type, { target: 'draft-2020-12', io, override: dropBounds });
  return rest;
}

/** Removes the bounds of JavaScript's safe integers, because they mean nothing to a reader. */
function dropBounds({ jsonSchema }: { readonly jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** Groups the refusals by status, because one response can represent several codes. */
function problems(codes: readonly RefusalCode[]): Json {
  const byStatus = new Map<number, Set<RefusalCode>>();
  for (const code of codes) {
    const status = statusOf(code);
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, set]) => [
      status,
      {
        description: [...set].join(', '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** Any call can be malformed, and any server can be overloaded. */
const ALWAYS: readonly RefusalCode[] = ['invalid_request', 'temporarily_unavailable'];

const OF_GUARD: Readonly<Record<Exclude<Guard, ApiKeyGuard>, readonly RefusalCode[]>> = {
  public: [],
  pendingSignIn: ['sign_in_expired'],
  maybePending: ['sign_in_expired'],
  session: ['sign_in_expired'],
  steppedUp: ['sign_in_expired', 'step_up_required'],
  manager: ['sign_in_expired', 'forbidden'],
  managerSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
  staff: ['sign_in_expired', 'forbidden'],
  staffSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
  staffAdmin: ['sign_in_expired', 'forbidden'],
  staffAdminSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
};

function ofGuard(guard: Guard): readonly RefusalCode[] {
  return isApiKeyGuard(guard) ? ['api_key_invalid', 'forbidden', 'too_many_attempts'] : OF_GUARD[guard];
}

function ofName(idempotent: boolean): readonly RefusalCode[] {
  return idempotent ? ['idempotency_key_reused'] : [];
}

function security(guard: Guard): readonly Json[] {
  if (guard === 'public') return [];
  // The empty requirement makes the token optional (OpenAPI 3.1 §4.8.10).
  if (guard === 'maybePending') return [{ pendingToken: [] }, {}];
  // For a bearer scheme the list contains roles (OpenAPI 3.1): here the scope that the key needs.
  if (isApiKeyGuard(guard)) return [{ apiKey: [guard.slice('apiKey:'.length)] }];
  return guard === 'pendingSignIn' ? [{ pendingToken: [] }] : [{ sessionToken: [] }];
}

const SECONDS = { type: 'integer' };

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    retryAfterSeconds: SECONDS,
    nextCodeInSeconds: SECONDS,
    ageSeconds: SECONDS,
    clockOffsetSeconds: SECONDS,
    reason: { type: 'string' },
  },
};
