import {
  EMAIL_CHANGE_SECONDS,
  EMAIL_REVERT_SECONDS,
  INVITATION_SECONDS,
  RESET_LINK_SECONDS,
} from '#core/sessions/session.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { createEmailLink } from '#store/people/email-links.ts';
import { createLink, revokeFirstAdministratorLinks, revokeLinks } from '#store/people/links.ts';
import type { EmailLinkTable, LinkTable } from '#store/people/tables.ts';

/** A new link. Its token exists in the clear only now. */
export type NewLink = { readonly url: string; readonly expiresAt: number };

/** The answer after a link was mailed. Its URL is absent if only the mail may contain it. */
export type MailedLink = { readonly url: string | undefined; readonly expiresAt: number };

type Purpose = LinkTable['purpose'];

const KINDS: Readonly<Record<Purpose, { readonly path: string; readonly seconds: number }>> = {
  reset: { path: 'password', seconds: RESET_LINK_SECONDS },
  invitation: { path: 'invitation', seconds: INVITATION_SECONDS },
  first_administrator: { path: 'invitation', seconds: INVITATION_SECONDS },
};

/** Makes a single-use link; revokes earlier ones of the same person, or for the first administrator. */
export async function makeLink(
  env: Env,
  tx: Queries,
  link: { purpose: 'reset' | 'invitation'; userId: string; madeBy?: string } | { purpose: 'first_administrator' },
): Promise<NewLink> {
  const now = env.now();
  const { path, seconds } = KINDS[link.purpose];
  const userId = 'userId' in link ? link.userId : undefined;
  if (userId === undefined) await revokeFirstAdministratorLinks(tx);
  else await revokeLinks(tx, userId);
  const token = newToken(env.random);
  const expiresAt = now + seconds;
  await createLink(tx, {
    id: env.newId(),
    token_hash: tokenHash(token),
    purpose: link.purpose,
    user_id: userId ?? null,
    created_at: now,
    expires_at: expiresAt,
    used_at: null,
    made_by: ('madeBy' in link && link.madeBy) || null,
  });
  return { url: `${env.config.publicUrl.origin}/${path}/${token}`, expiresAt };
}

const EMAIL_KINDS = {
  confirm: { path: 'email', seconds: EMAIL_CHANGE_SECONDS },
  revert: { path: 'email-revert', seconds: EMAIL_REVERT_SECONDS },
} as const satisfies Readonly<Record<EmailLinkTable['purpose'], { readonly path: string; readonly seconds: number }>>;

/** The page behind this one asks for a fresh proof. */
const ASKED_BY_STAFF = { path: 'email-change', seconds: EMAIL_CHANGE_SECONDS } as const;

type NewEmailLink = {
  readonly purpose: EmailLinkTable['purpose'];
  readonly userId: string;
  readonly email: string;
  /** The member of staff who asked for the change; absent if the person did. */
  readonly askedBy?: string;
};

/** Makes a single-use link that sets the person's email to `email`; returns its URL. */
export async function makeEmailLink(
  env: Env,
  tx: Queries,
  { purpose, userId, email, askedBy }: NewEmailLink,
): Promise<string> {
  const now = env.now();
  const { path, seconds } = askedBy === undefined ? EMAIL_KINDS[purpose] : ASKED_BY_STAFF;
  const token = newToken(env.random);
  await createEmailLink(tx, {
    id: env.newId(),
    token_hash: tokenHash(token),
    user_id: userId,
    purpose,
    email,
    created_at: now,
    expires_at: now + seconds,
    used_at: null,
    asked_by: askedBy ?? null,
  });
  return `${env.config.publicUrl.origin}/${path}/${token}`;
}
