import { z } from 'zod';
import type { RefusalCode } from '#core/result.ts';
import { statusOf } from './problem.ts';
import type { ApiRoute, Guard, Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;
type Named = { readonly productName: string; readonly publicUrl: { readonly origin: string } };

/** The JSON API as OpenAPI 3.1, made from the declarations that route and validate. */
export function openApiDocument(routes: readonly Route[], config: Named): Json {
  return {
    openapi: '3.1.0',
    info: { title: `${config.productName}: sign-in API`, version: '1' },
    servers: [{ url: config.publicUrl.origin }],
    paths: paths(routes.filter((route) => route.mouth === 'api')),
    components: {
      securitySchemes: {
        pendingToken: { type: 'http', scheme: 'bearer', description: 'pendingToken of POST /api/v1/sign-in' },
        sessionToken: { type: 'http', scheme: 'bearer', description: 'session.token of a complete sign-in' },
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

function operation({ summary, guard, path, body, answer, refusals }: ApiRoute): Json {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  return {
    summary,
    security: security(guard),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: json(schema(body, 'input')) } }),
    responses: { ...success(answer), ...problems([...ALWAYS, ...OF_GUARD[guard], ...refusals]) },
  };
}

function success(answer: z.ZodType | undefined): Json {
  return answer === undefined
    ? { 204: { description: 'Done' } }
    : { 200: { description: 'Done', content: json(schema(answer, 'output')) } };
}

function json(schemaOfIt: Json): Json {
  return { 'application/json': { schema: schemaOfIt } };
}

function schema(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(type, { target: 'draft-2020-12', io });
  return rest;
}

/** Refusals by status: one response can stand for several codes. */
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

/** Any call can be malformed, and any can meet an overloaded server. */
const ALWAYS: readonly RefusalCode[] = ['invalid_request', 'temporarily_unavailable'];

const OF_GUARD: Readonly<Record<Guard, readonly RefusalCode[]>> = {
  public: [],
  pendingSignIn: ['sign_in_expired'],
  session: ['sign_in_expired'],
  steppedUp: ['sign_in_expired', 'step_up_required'],
  manager: ['sign_in_expired', 'forbidden'],
  managerSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
  staff: ['sign_in_expired', 'forbidden'],
  staffSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
  staffAdmin: ['sign_in_expired', 'forbidden'],
  staffAdminSteppedUp: ['sign_in_expired', 'forbidden', 'step_up_required'],
};

function security(guard: Guard): readonly Json[] {
  if (guard === 'public') return [];
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
