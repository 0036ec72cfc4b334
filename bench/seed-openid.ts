import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { addClient } from '#flows/administration/openid-clients.ts';
import { createSite } from '#store/forward-auth/sites.ts';
import { insertRows } from './bulk.ts';
import { seedUsers, sessionRow } from './seed.ts';

export const CALLBACK = 'https://portal.example/callback';
export const SITE = 'app.example.com';

/** As many as a portal has in use at once. */
const PEOPLE = 1_000;

export type SeededPortals = {
  readonly clientId: string;
  readonly secret: string;
  readonly people: readonly PortalPerson[];
};

/**
 * A person's API session, the cookie of their separate browser session with us, and the cookie on the protected host.
 */
export type PortalPerson = { readonly token: string; readonly cookie: string; readonly siteCookie: string };

/** An OpenID Connect client and a protected host, with people who are signed in to both. */
export async function seedPortals(env: Env): Promise<SeededPortals> {
  const made = await addClient(env, 'command_line', {
    ...{ name: 'Bench', type: 'web', redirectUris: [CALLBACK], postLogoutRedirectUris: [], partners: [] },
    ...{ backchannelLogoutUri: undefined, isBackchannelInternal: false, isThirdParty: false },
    ...{ jwks: undefined, idTokenAlg: 'ES256' },
  });
  if (isRefusal(made) || made.secret === undefined) throw new Error('the client was refused');
  const users = await seedUsers(env, PEOPLE, { sessions: PEOPLE, pendings: PEOPLE });
  const seeded = users.map(({ userId, sessionToken }) => {
    const [cookie, siteCookie] = [env.random(32).toString('base64url'), env.random(32).toString('base64url')];
    const session = { ...sessionRow(env, userId, cookie), channel: 'page' as const };
    const site = { id: env.newId(), token_hash: tokenHash(siteCookie), host: SITE, session_id: session.id };
    return { session, site: { ...site, created_at: env.now() }, person: { token: sessionToken, cookie, siteCookie } };
  });
  await env.db.transaction(async (tx) => {
    await createSite(tx, { host: SITE, acr: 'mfa', partnerIds: [] }, env.now());
    const insert = (table: 'sessions' | 'site_sessions', rows: object[]) => insertRows(tx, env.db.kind, table, rows);
    await insert(
      'sessions',
      seeded.map(({ session }) => session),
    );
    await insert(
      'site_sessions',
      seeded.map(({ site }) => site),
    );
  });
  return { clientId: made.client.id, secret: made.secret, people: seeded.map(({ person }) => person) };
}
