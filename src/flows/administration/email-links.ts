import { EMAIL_CHANGE_SECONDS, EMAIL_REVERT_SECONDS } from '#core/sessions/session.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { createEmailLink } from '#store/people/email-links.ts';
import type { EmailLinkTable } from '#store/people/tables.ts';

const KINDS = {
  confirm: { path: 'email', seconds: EMAIL_CHANGE_SECONDS },
  revert: { path: 'email-revert', seconds: EMAIL_REVERT_SECONDS },
} as const satisfies Readonly<Record<EmailLinkTable['purpose'], { readonly path: string; readonly seconds: number }>>;

/** Makes a single-use link after which the person's email is `email`; answers its address. */
export async function makeEmailLink(
  env: Env,
  tx: Queries,
  { purpose, userId, email }: { purpose: EmailLinkTable['purpose']; userId: string; email: string },
): Promise<string> {
  const now = env.now();
  const { path, seconds } = KINDS[purpose];
  const token = newToken(env.random);
  await createEmailLink(tx, {
    ...{ id: env.newId(), token_hash: tokenHash(token), user_id: userId, purpose, email },
    ...{ created_at: now, expires_at: now + seconds, used_at: null },
  });
  return `${env.config.publicUrl.origin}/${path}/${token}`;
}
