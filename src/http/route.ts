import type { z } from 'zod';
import type { Client } from '#core/client.ts';
import type { Refusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { PendingSignIn } from '#store/pending-sign-ins.ts';
import type { Session } from '#store/sessions.ts';
import type { Partner } from '#store/users.ts';
import type { Reply } from './reply.ts';
import type { View } from './view.ts';

/** Who may call a route. A route without one does not compile; `sallyport routes` prints them. */
export type Guard = 'public' | 'pendingSignIn' | SessionGuard;

/** What asks for a live session, and for more: a role, and with `…SteppedUp` a factor proven recently. */
export type SessionGuard =
  | 'session'
  | 'steppedUp'
  | 'manager'
  | 'managerSteppedUp'
  | 'staff'
  | 'staffSteppedUp'
  | 'staffAdmin'
  | 'staffAdminSteppedUp';

/** What each guard has proven by the time the handler runs. */
export type Granted = {
  public: { readonly pending?: PendingSignIn; readonly session?: Session };
  pendingSignIn: { readonly pending: PendingSignIn };
  session: { readonly session: Session };
  steppedUp: { readonly session: Session };
  manager: { readonly session: ManagerSession };
  managerSteppedUp: { readonly session: ManagerSession };
  staff: { readonly session: Session };
  staffSteppedUp: { readonly session: Session };
  staffAdmin: { readonly session: Session };
  staffAdminSteppedUp: { readonly session: Session };
};

/** A manager has a partner: their own, and no other. */
export type ManagerSession = Session & { readonly partner: Partner };

type Request<G extends Guard, Input> = Granted[G] & {
  readonly env: Env;
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly input: Input;
};

/** A page asked for, or a form sent to one. */
export type PageCall<G extends Guard, Input = undefined> = Request<G, Input> & {
  readonly view: View;
};

export type ApiCall<G extends Guard, Input = undefined> = Request<G, Input>;

type PageDeclaration<G extends Guard, Form extends z.ZodType | undefined> = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: G;
  /** The fields of the form; what does not fit reaches the handler as `undefined` fields, never as a 500. */
  readonly form?: Form;
  readonly handle: (call: PageCall<G, Form extends z.ZodType ? z.output<Form> : undefined>) => Promise<Reply> | Reply;
};

type ApiDeclaration<G extends Guard, Body extends z.ZodType | undefined, Answer extends z.ZodType | undefined> = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly guard: G;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /** A strict object; absent for a bodyless call. */
  readonly body?: Body;
  /** The 200 answer; absent for 204. */
  readonly answer?: Answer;
  /** Refusal codes that the call may answer, beside those of its guard; for the document. */
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (
    call: ApiCall<G, Body extends z.ZodType ? z.output<Body> : undefined>,
  ) => Promise<(Answer extends z.ZodType ? z.output<Answer> : undefined) | Refusal>;
};

/** A route with its types erased, as the table holds it. */
export type Route = PageRoute | ApiRoute;

export type PageRoute = {
  readonly mouth: 'page';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: Guard;
  readonly form: z.ZodType | undefined;
  readonly handle: (call: never) => Promise<Reply> | Reply;
};

export type ApiRoute = {
  readonly mouth: 'api';
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly guard: Guard;
  readonly summary: string;
  readonly body: z.ZodType | undefined;
  readonly answer: z.ZodType | undefined;
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (call: never) => Promise<unknown>;
};

/** Declares a page: what it is, who may see it, and how it answers, in one place. */
export function page<const G extends Guard, Form extends z.ZodType | undefined = undefined>(
  declaration: PageDeclaration<G, Form>,
): PageRoute {
  const { method, path, guard, form, handle } = declaration;
  return { mouth: 'page', method, path, guard, form, handle };
}

/** Declares a call of the JSON API; the OpenAPI document is made from the same declaration. */
export function api<
  const G extends Guard,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(declaration: ApiDeclaration<G, Body, Answer>): ApiRoute {
  const { method, path, guard, summary, body, answer, refusals, handle } = declaration;
  return { mouth: 'api', method, path, guard, summary, body, answer, refusals, handle };
}
