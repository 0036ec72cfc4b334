import { canonicalEmail } from '#core/email.ts';
import { cleanName } from '#core/name.ts';
import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { beginSignIn } from '#flows/begin-sign-in.ts';
import { hashNewPassword } from '#flows/new-password.ts';
import { knowByLink } from '#flows/password-by-link.ts';
import { transactionOrRefusal } from '#flows/transaction.ts';
import type { Queries } from '#store/database.ts';
import { claimLink, revokeFirstAdministratorLinks } from '#store/links.ts';
import { lockHouse } from '#store/locks.ts';
import { administratorExists, createUser, findPerson, findPersonByEmail } from '#store/users.ts';
import type { Accepted, Answered, Faults } from './accept.ts';

type NewAdministrator = { readonly id: string; email: string; name: string; sealedPassword: string };

/** Makes the first administrator, once, and leads into enrollment. `not_found` when somebody else was faster. */
export async function createFirstAdministrator(
  env: Env,
  linkId: string,
  answered: Answered,
): Promise<Accepted | { readonly faults: Faults } | Refusal> {
  const checked = await check(env, answered);
  if ('faults' in checked) return checked;
  const outcome = await transactionOrRefusal(env.db, async (tx) => {
    const now = env.now();
    await lockHouse(tx);
    if (!(await claimLink(tx, linkId, now)) || (await administratorExists(tx))) return refuse('not_found');
    if (!(await create(env, tx, checked, answered))) return EMAIL_TAKEN;
    const person = await findPerson(tx, checked.id);
    if (!person) throw new Error('a user just made is not there');
    const { deviceId, deviceToken } = await knowByLink(env, tx, checked.id);
    const { client, held } = answered;
    const door = { person, mouth: 'page', deviceId, returnTo: undefined, client, held } as const;
    const begun = await beginSignIn(env, tx, door, now);
    return isRefusal(begun) ? begun : { begun, deviceToken };
  });
  return outcome === EMAIL_TAKEN ? { faults: { email: 'taken' } } : outcome;
}

const EMAIL_TAKEN = refuse('invalid_request', { reason: 'email_taken' });

async function check(env: Env, answered: Answered): Promise<NewAdministrator | { readonly faults: Faults }> {
  const email = canonicalEmail(answered.email);
  const name = cleanName(answered.name);
  const isTaken = email !== undefined && (await findPersonByEmail(env.db.read, email)) !== undefined;
  const id = env.newId();
  const owner = { id, email: email ?? '', name: name ?? '', partner: undefined };
  const sealedPassword = await hashNewPassword(env, owner, answered.password);
  if (email !== undefined && !isTaken && name !== undefined && !isRefusal(sealedPassword)) {
    return { id, email, name, sealedPassword };
  }
  return {
    faults: {
      email: email === undefined ? 'malformed' : isTaken ? 'taken' : undefined,
      name: name === undefined ? 'malformed' : undefined,
      password: isRefusal(sealedPassword) ? sealedPassword : undefined,
    },
  };
}

async function create(
  env: Env,
  tx: Queries,
  { id, email, name, sealedPassword }: NewAdministrator,
  { locale, client }: Answered,
): Promise<boolean> {
  const created = await createUser(tx, {
    ...{ id, email, name, locale, role: 'admin', partner_id: null, sealed_password: sealedPassword },
    ...{ created_at: env.now(), disabled_at: null, mfa_skipped_at: null },
  });
  if (!created) return false;
  await revokeFirstAdministratorLinks(tx);
  await appendEvent(env, tx, { action: 'administrator.created', actor: id, subject: id, detail: {} }, client);
  return true;
}
