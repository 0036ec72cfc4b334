import type { z } from 'zod';
import type { SessionGuard } from '#core/people/authority.ts';
import type { Scope } from '#core/portals/api-key.ts';
import type { Client } from '#core/sessions/client.ts';
import type { IdempotencyKey } from '#core/values/idempotency.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Reply } from '#http/pages/reply.ts';
import type { Partner } from '#store/people/users.ts';
import type { GrantedApiKey, GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { View } from '#ui/view.ts';
import type { Arrival } from './client.ts';
import type { Form } from './parse.ts';

/** Who may call a route. A route without a guard does not compile. `sallyport routes` prints all guards. */
export type Guard = PageGuard | MaybePending | ApiKeyGuard;

/** The guard that `sallyport routes` prints beside a path. */
export type AnyGuard = Guard | ProtocolGuard;

/** The guards for a person in a browser. */
export type PageGuard = 'public' | 'pendingSignIn' | SessionGuard;

/** For an API call that is open without a token; with one, it must be of a live pending sign-in. */
type MaybePending = 'maybePending';

/** A live key of the management API with this scope. Only a key passes, and only this kind of guard. */
export type ApiKeyGuard = `apiKey:${Scope}`;

/** The proof that each guard passes to the handler. */
export type Granted = {
  public: { readonly pending?: PendingSignIn; readonly session?: Session };
  pendingSignIn: { readonly pending: PendingSignIn };
  maybePending: { readonly pending?: PendingSignIn };
  session: { readonly session: GrantedSession };
  steppedUp: { readonly session: GrantedSession };
  manager: { readonly session: ManagerSession };
  managerSteppedUp: { readonly session: ManagerSession };
  staff: { readonly session: GrantedSession };
  staffSteppedUp: { readonly session: GrantedSession };
  staffAdmin: { readonly session: GrantedSession };
  staffAdminSteppedUp: { readonly session: GrantedSession };
} & { [G in ApiKeyGuard]: { readonly apiKey: GrantedApiKey } };

/** A manager always has a partner: their own. */
type ManagerSession = GrantedSession & { readonly partner: Partner };

type Request<G extends Guard, Input, Query> = Granted[G] & {
  readonly env: Env;
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly input: Input;
};

/** A request for a page, or a form sent to one. */
export type PageCall<G extends PageGuard, Input = undefined> = Request<G, Input, URLSearchParams> & {
  readonly view: View;
  /** The idempotency key of the sent form, so that a form sent twice acts once. */
  readonly formKey: IdempotencyKey | undefined;
  /** Path and query of our page with the link or the form. */
  readonly cameFrom: string | undefined;
  /** The file that was sent with the form, if the route accepts one and it is not empty. */
  readonly upload: Buffer | undefined;
};

export type ApiCall<G extends Guard, Input = undefined, Query = undefined> = Request<G, Input, Query> & {
  /** The request's `Idempotency-Key`, if the route accepts one. */
  readonly idempotencyKey: string | undefined;
};

type PageDeclaration<G extends PageGuard, F extends Form | undefined> = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: G;
  /** The fields of the form, each optional. The rule of each field refuses a missing or too long value. */
  readonly form?: F;
  /** The fields that `view.restored` restores when the form was sent too late after a proof. Never a secret. */
  readonly keeps?: F extends Form ? readonly (keyof z.output<F> & string)[] : never;
  /** Accepts a form of at most this many bytes instead of 64 KiB, also as `multipart/form-data` with one file. */
  readonly uploadBytes?: number;
  readonly handle: (call: PageCall<G, F extends Form ? z.output<F> : undefined>) => Promise<Reply> | Reply;
};

type ApiDeclaration<
  G extends Guard,
  Body extends z.ZodType | undefined,
  Answer extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
> = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly guard: G;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /** A strict object; absent for a call without a body. */
  readonly body?: Body;
  /** A strict object of texts; absent for a call without a query. */
  readonly query?: Query;
  /** The body of the 200 answer; absent for 204. */
  readonly answer?: Answer;
  /** Accepts an `Idempotency-Key`. The handler runs the act through `idempotent`. */
  readonly idempotent?: true;
  /** Accepts a body of this many bytes instead of 64 KiB. */
  readonly bodyBytes?: number;
  /** The refusal codes of the call beside those of its guard, for the document. */
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (
    call: ApiCall<
      G,
      Body extends z.ZodType ? z.output<Body> : undefined,
      Query extends z.ZodType ? z.output<Query> : undefined
    >,
  ) => Promise<(Answer extends z.ZodType ? z.output<Answer> : undefined) | Refusal>;
};

/** A route without its type parameters, as in the route table. */
export type Route = PageRoute | ApiRoute | ProtocolRoute;

export type PageRoute = {
  readonly channel: 'page';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: PageGuard;
  readonly form: Form | undefined;
  readonly keeps: readonly string[];
  readonly uploadBytes?: number | undefined;
  readonly handle: (call: never) => Promise<Reply> | Reply;
};

export type ApiRoute = {
  readonly channel: 'api';
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly guard: Guard;
  readonly summary: string;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly answer: z.ZodType | undefined;
  readonly idempotent: boolean;
  readonly bodyBytes?: number | undefined;
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (call: never) => Promise<unknown>;
};

/**
 * Who may call a protocol route: `oidcClient` authenticates as the protocol says, `trustedProxy` is a configured proxy
 * that asks for a browser. The handler checks it; the guard only shows it in the table of routes.
 */
export type ProtocolGuard = 'public' | 'oidcClient' | 'trustedProxy';

/** A request from a program or a proxy that follows an external protocol. */
export type ProtocolCall = {
  readonly env: Env;
  readonly request: globalThis.Request;
  readonly arrival: Arrival;
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  /** With its question mark, or empty. */
  readonly search: string;
  /** Empty for GET. At most 64 KiB. */
  readonly body: Buffer;
  readonly view: View;
  /** A hash that identifies this browser, like `client.browser` of a page. It binds data to one browser. */
  readonly browser: string;
  /** The person's session, if the browser has one. */
  readonly session: Session | undefined;
  readonly pending: PendingSignIn | undefined;
};

/** The answer of a protocol route: a page of ours, or the protocol's own answer with its headers. */
export type ProtocolReply = Reply | RawReply;

export type RawReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
};

export type ProtocolRoute = {
  readonly channel: 'protocol';
  /** `ALL` means every method that the server accepts. */
  readonly methods: readonly string[];
  readonly path: string;
  readonly guard: ProtocolGuard;
  readonly handle: (call: ProtocolCall) => Promise<ProtocolReply> | ProtocolReply;
};

/** Declares a protocol route. Its bodies and errors differ from our JSON API, and its forms come from other origins. */
export function protocol(declaration: Omit<ProtocolRoute, 'channel'>): ProtocolRoute {
  return { channel: 'protocol', ...declaration };
}

/** Declares a page in one place: its path, its guard and its handler. */
export function page<const G extends PageGuard, F extends Form | undefined = undefined>(
  declaration: PageDeclaration<G, F>,
): PageRoute {
  const { method, path, guard, form, keeps = [], uploadBytes, handle } = declaration;
  return { channel: 'page', method, path, guard, form, keeps, uploadBytes, handle };
}

/** Declares a call of the JSON API. The same declaration also makes the OpenAPI document. */
export function api<
  const G extends Guard,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
>(declaration: ApiDeclaration<G, Body, Answer, Query>): ApiRoute {
  const { query, body, answer, idempotent = false, ...rest } = declaration;
  return { channel: 'api', ...rest, query, body, answer, idempotent };
}
