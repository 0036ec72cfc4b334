import { z } from 'zod';
import { readMailbox } from '#core/people/email.ts';
import type { Client } from '#core/sessions/client.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { type Reply, show } from '#http/pages/reply.ts';
import { typed } from '#http/typed.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { View } from '#ui/view.ts';
import { DONE, type Done, missingPage } from './frame-page.ts';

/** For partners and for staff. The flow refuses missing values and names the field. */
export const inviteForm = z.object({
  email: typed('mailbox').optional(),
  name: typed('name').optional(),
  role: typed('word').optional(),
});

/** The invited person. A name typed in its own field wins over a name pasted with the email. */
export function inviteeOf({ email = '', name = '' }: z.output<typeof inviteForm>) {
  const mailbox = readMailbox(email);
  return { email: mailbox.email, name: name.trim() === '' ? mailbox.name : name };
}

export const INVITED = ['email', 'name', 'role'] as const;

/** The member of staff who acts, their client and their authority. The audit log names the first two. */
export function actorOf({ session, client }: { readonly session: GrantedSession; readonly client: Client }): Actor {
  return { id: session.user.id, client, authority: { kind: 'session', session } };
}

export function doneOf(query: URLSearchParams): Done | undefined {
  return DONE.find((known) => known === query.get('done'));
}

export function missing(view: View): Reply {
  return show(missingPage(view), 404);
}
