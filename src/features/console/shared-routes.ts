import { z } from 'zod';
import type { Client } from '#core/client.ts';
import type { Actor } from '#flows/actor.ts';
import { type Reply, show } from '#http/reply.ts';
import type { View } from '#http/view.ts';
import type { GrantedSession } from '#store/granted.ts';
import { DONE, type Done, missingPage } from './frame-page.ts';

/** Of a partner or of the staff. What is missing is refused by the flow, with the field that it belongs to. */
export const inviteForm = z.object({
  email: z.string().optional(),
  name: z.string().optional(),
  role: z.string().optional(),
});

export const INVITED = ['email', 'name', 'role'] as const;

/** The member of staff who acts, from where and by what right: the audit log names the first two. */
export function actorOf({ session, client }: { readonly session: GrantedSession; readonly client: Client }): Actor {
  return { id: session.user.id, client, authority: { kind: 'session', session } };
}

export function doneOf(query: URLSearchParams): Done | undefined {
  return DONE.find((known) => known === query.get('done'));
}

export function missing(view: View): Reply {
  return show(missingPage(view), 404);
}

export function csvFile(name: string, body: string | AsyncIterable<string>): Reply {
  return { status: 200, file: { type: 'text/csv; charset=utf-8', body, name }, cookies: [] };
}
