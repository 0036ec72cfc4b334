import { pino } from 'pino';
import { loadConfig } from '#config.ts';
import { settingsAndBrand } from '#core/brand/brand.ts';
import { tokenHash } from '#core/values/token.ts';
import { loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { passkeyVerifier } from '#crypto/passkeys.ts';
import { createIdSource, randomBytes } from '#crypto/random.ts';
import type { Env } from '#env.ts';
import { type App, createApp } from '#http/app.ts';
import type { Arrival } from '#http/client.ts';
import { type CookieName, cookieNames } from '#http/cookie.ts';
import { siteOf } from '#http/protocols/site.ts';
import type { Route } from '#http/route.ts';
import type { Database } from '#store/engine/database.ts';
import type { SessionTable } from '#store/sessions/tables.ts';
import type { PendingSignInTable } from '#store/sign-in/tables.ts';
import { openTestDatabase } from '../databases/open.ts';

export const ORIGIN = 'https://sign-in.example.com';
export const NOW = 1_800_000_000;

const USER = {
  ...{ id: 'user-1', partner_id: null, email: 'ana@acme.example', name: 'Ana', role: 'member' as const },
  ...{ sealed_password: null, locale: null, created_at: NOW, disabled_at: null, mfa_skipped_at: null },
} as const;

type Options = { readonly environment?: Record<string, string>; readonly db?: Partial<Database> };

/** The HTTP room on an empty database with one person, a fixed clock, and a recorded log. */
export async function openServer(routes: readonly Route[], { environment = {}, db: replaced }: Options = {}) {
  const config = loadConfig({ SALLYPORT_PUBLIC_URL: ORIGIN, ...environment }, { root: '/nowhere' });
  if ('problem' in config) throw new Error(config.problem);
  const keys = loadKeyRing(makeKeyText(randomBytes));
  if ('problem' in keys) throw new Error(keys.problem);
  const opened = await openTestDatabase();
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  // The server's clock is also the database's.
  const db = { ...opened, ...(opened.clockSeconds && { clockSeconds: async () => NOW }), ...replaced };
  const newId = createIdSource(() => NOW * 1000);
  const hasher = {} as Env['hasher'];
  const outside = { config, ...settingsAndBrand(config), db, keys, hasher, passkeys: passkeyVerifier, log };
  const env: Env = { ...outside, now: () => NOW, random: randomBytes, newId, refusals: new Map() };
  await opened.transaction((tx) => tx.insertInto('users').values(USER).execute());
  const app = createApp(env, routes);
  return { env, app, lines, db: opened, ...browserOf(app, env) };
}

function browserOf(app: App, env: Env) {
  const names = cookieNames(siteOf(env.config));
  const cookie = (values: Partial<Record<CookieName, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${names[name as CookieName]}=${value}`)
      .join('; ');
  const ask = (path: string, init: RequestInit = {}, arrival: Arrival = { remoteAddress: '192.0.2.7' }) =>
    app.fetch(new Request(`${env.config.publicUrl.origin}${path}`, init), arrival);
  const get = (path: string, cookies = {}, headers: Record<string, string> = {}) =>
    ask(path, { headers: { cookie: cookie(cookies), ...headers } });
  const post = (path: string, fields: Record<string, string>, cookies = {}, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: env.config.publicUrl.origin, cookie: cookie(cookies), ...headers },
    });
  return { names, cookie, ask, get, post };
}

/** A token that is readable in a test: 43 characters like every other. */
export function tokenOf(name: string): string {
  return name.padEnd(43, 'x');
}

export function addSession(db: Database, name: string, more: Partial<SessionTable> = {}) {
  const session: SessionTable = {
    ...{ id: `session-${name}`, token_hash: tokenHash(tokenOf(name)), channel: 'page', user_id: USER.id },
    ...{ created_at: NOW, last_seen_at: NOW, expires_at: NOW + 3600, amr: 'pwd otp mfa', second_factor_at: NOW - 1200 },
    ...{
      auth_time: NOW,
      step_up_at: null,
      step_up_method: null,
      step_up_to: null,
      continue_to: '/portal',
      notice: null,
    },
    ...{ device_id: null, trusted_device_id: null, address: null, user_agent: null },
    ...more,
  };
  return db.transaction((tx) => tx.insertInto('sessions').values(session).execute());
}

export function addPending(db: Database, name: string, more: Partial<PendingSignInTable> = {}) {
  const pending: PendingSignInTable = {
    ...{ id: `pending-${name}`, token_hash: tokenHash(tokenOf(name)), channel: 'page', user_id: USER.id },
    ...{
      created_at: NOW,
      expires_at: NOW + 600,
      tries: 0,
      skippable: 0,
      proven: null,
      device_id: null,
      return_to: null,
    },
    ...{ browser: null, replaced_session_id: null, completed_at: null, completed_to: null },
    ...more,
  };
  return db.transaction((tx) => tx.insertInto('pending_sign_ins').values(pending).execute());
}

/** The cookies that an answer sets, by name. */
export function setCookies(response: Response): Record<string, string> {
  return Object.fromEntries(
    response.headers.getSetCookie().map((line) => {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
