import type { Env } from '#env.ts';
import { makeLink, type NewLink } from '#flows/administration/make-link.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { lockAdministrators } from '#store/engine/locks.ts';
import { administratorExists } from '#store/people/users.ts';

/** Creates a link for the first administrator and revokes the previous one; `undefined` if an administrator exists. */
export async function renewFirstAdministratorLink(env: Env): Promise<NewLink | undefined> {
  return env.db.transaction(async (tx) => {
    await lockAdministrators(tx);
    if (await administratorExists(tx)) return undefined;
    const purpose = 'first_administrator';
    const link = await makeLink(env, tx, { purpose });
    await appendEvent(env, tx, { action: 'link.created', actor: 'system', detail: { purpose } }, undefined);
    return link;
  });
}
