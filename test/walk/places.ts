import { z } from 'zod';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { newToken } from '#core/values/token.ts';
import { makeFormToken } from '#http/pages/form.ts';
import type { ApiRoute, PageRoute } from '#http/route.ts';
import { makeKey } from '../stories/management-api/management-story.ts';
import { ORIGIN, PASSWORD } from '../world.ts';
import { hold } from './credentials.ts';
import { openRoles } from './roles.ts';
import { TABLE } from './walk.ts';

/** One place of a route that takes text from outside. */
export type Place = {
  readonly route: PageRoute | ApiRoute;
  readonly in: 'path' | 'query' | 'body';
  readonly name: string;
};

/** The query parameters of all our pages. API calls declare theirs. */
const PAGE_QUERY = [
  ...['q', 'state', 'after', 'id', 'policy', 'adoption', 'sort', 'days', 'done', 'return_to', 'email', 'kept', 'from'],
  ...['until', 'person', 'partner', 'action', 'before', 'language', 'unknown'],
];
/** Forms with one field per list item declare no names. */
const FIELDS_OF_RECORDS: Readonly<Record<string, readonly string[]>> = {
  '/console/api-keys/new': ['name', 'expires', ...SCOPES],
  '/console/webhooks/new': ['url', ...WEBHOOK_EVENTS],
};

/** API fields with several texts: the text is the only item of its list. */
const LISTS: ReadonlySet<string> = new Set(['redirectUris', 'postLogoutRedirectUris', 'partners']);

/** Every place of every route that a feature declares. */
export const PLACES: readonly Place[] = TABLE.flatMap(({ route }) => (route === undefined ? [] : placesOf(route)));

function placesOf(route: PageRoute | ApiRoute): Place[] {
  const params = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const query = route.channel === 'page' ? [PAGE_QUERY.join(' ')] : keysOf(route.query);
  const body = FIELDS_OF_RECORDS[route.path] ?? keysOf(route.channel === 'page' ? route.form : route.body);
  return [
    ...params.map((name) => ({ route, in: 'path' as const, name })),
    ...(route.method === 'GET' ? query.map((name) => ({ route, in: 'query' as const, name })) : []),
    ...(route.method === 'POST' ? [...body, 'form_token'].map((name) => ({ route, in: 'body' as const, name })) : []),
  ];
}

/** For nested objects the inner names, joined by a dot: `mfa.requiredFrom`. */
function keysOf(schema: z.ZodType | undefined): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return keysOf(schema.unwrap() as z.ZodType);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, inner]) => {
    const within = keysOf(inner as z.ZodType);
    return within.length === 0 ? [name] : within.map((key) => `${name}.${key}`);
  });
}

/** Valid values for each field, so that the rule of the invalid one runs. */
const RIGHT: Readonly<Record<string, string>> = {
  ...{ email: 'new@own.example', name: 'Ana', role: 'member', password: PASSWORD, current: PASSWORD, code: '123456' },
  ...{ new: PASSWORD, reason: 'lost telephone', check_note: 'office', checkNote: 'office', checked_by: 'callback' },
  ...{ checkedBy: 'callback', minutes: '60', until: '2027-03-01', from: '2027-03-01', policy: 'required', slug: 'new' },
  ...{
    language: 'de',
    return_to: '/',
    saved: 'yes',
    url: 'https://hook.example/',
    expires: '2027-03-01',
    format: 'csv',
  },
  ...{ type: 'web', redirect_uris: 'https://portal.example/callback', redirectUris: 'https://portal.example/callback' },
  ...{ id_token_alg: 'ES256', idTokenAlg: 'ES256' },
  ...{ 'users:read': 'yes', 'sign_in.paused': 'yes' },
};

export type Sender = Awaited<ReturnType<typeof openSender>>;

/** Sends a text in one place of a route, as an allowed sender, with everything else valid. */
export async function openSender(t: { after(work: () => unknown): void }) {
  const roles = await openRoles(t);
  const { world, ids } = roles;
  const { key } = await makeKey(world);

  async function enter({ guard, channel }: PageRoute | ApiRoute) {
    if (guard === 'public') return { cookie: '', rowId: undefined, bearer: undefined };
    if (guard.startsWith('apiKey:')) return { cookie: '', rowId: undefined, bearer: key };
    if (guard !== 'pendingSignIn') {
      const role = guard.startsWith('staff') ? 'admin' : guard.startsWith('manager') ? 'manager' : 'member';
      return roles.enter(role, 0);
    }
    const carry = (token: string) => ({ query: token });
    const credential = { name: '', row: { kind: 'pending', channel }, carry } as const;
    const { rowId, carried } = await hold(world, ids.own ?? '', credential);
    return { cookie: `__Host-sallyport-pending=${carried.query}`, rowId, bearer: carried.query };
  }

  async function send(place: Place, text: string) {
    const { route } = place;
    const held = await enter(route);
    const formCookie = newToken(world.env.random);
    const headers: Record<string, string> = { origin: ORIGIN };
    headers.cookie = `${held.cookie}; __Host-sallyport-form=${formCookie}`;
    const init: RequestInit = { method: route.method, headers };
    if (route.channel === 'api') {
      headers.authorization = `Bearer ${held.bearer}`;
      headers['content-type'] = 'application/json';
      if (route.method !== 'GET') init.body = JSON.stringify(route.body ? bodyOf(place, text) : {});
    } else if (route.method === 'POST') {
      const form_token = makeFormToken(world.env.keys, formCookie, held.rowId, newToken(world.env.random));
      init.body = new URLSearchParams({ form_token, ...(bodyOf(place, text) as Record<string, string>) });
    }
    const request = new Request(`${ORIGIN}${addressOf(place, text)}`, init);
    const response = await world.app.fetch(request, { remoteAddress: '192.0.2.7' });
    return { status: response.status, text: await response.text() };
  }

  function addressOf({ route, in: where, name }: Place, text: string): string {
    const person = route.path.startsWith('/console/staff') ? ids.staff : ids.colleague;
    const right: Readonly<Record<string, string | undefined>> = { partner: ids.own, person, user: ids.colleague };
    const path = route.path.replace(/:(\w+)/g, (_, param: string) =>
      where === 'path' && param === name ? encodeURIComponent(text) : (right[param] ?? 'x'.repeat(43)),
    );
    const names = route.channel === 'page' ? name.split(' ') : [name];
    return where === 'query'
      ? `${path}?${new URLSearchParams(Object.fromEntries(names.map((one) => [one, text])))}`
      : path;
  }

  return { world, send };
}

/** The fields of a form or body: valid values, and the text in its place. */
function bodyOf({ route, in: where, name }: Place, text: string): Record<string, unknown> {
  const names = placesOf(route).flatMap((place) =>
    place.in === 'body' && place.name !== 'form_token' ? [place.name] : [],
  );
  const body: Record<string, unknown> = {};
  for (const field of where === 'body' && name === 'form_token' ? [...names, name] : names) {
    const value = where === 'body' && field === name ? text : RIGHT[field];
    const [outer = '', inner] = field.split('.');
    const sent = route.channel === 'api' && LISTS.has(field) ? [value] : value;
    if (value !== undefined) body[outer] = inner === undefined ? sent : { ...Object(body[outer]), [inner]: value };
    if (outer === 'mfa') body.mfa = { policy: 'required', ...Object(body.mfa) };
  }
  return body;
}
