import { z } from 'zod';
import { findMember } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { type Edited, editPerson } from '#flows/administration/edit-person.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { editPage } from './edit-page.ts';

const FIELDS = ['name', 'email', 'reason'] as const;

const editForm = z.object({
  name: typed('name').optional(),
  email: typed('email').optional(),
  reason: typed('reason').optional(),
});

export const editRoutes: readonly Route[] = actPages({
  path: '/console/people/:person/edit',
  guard: 'staffSteppedUp',
  form: editForm,
  keeps: FIELDS,
  find: ({ env, params }) => findMember(env, params.person ?? ''),
  missing,
  draw({ view }, { row }, { name = row.name, email = row.email, reason = '' }, refusal) {
    return editPage(view, {
      name: row.name,
      state: row.state,
      above: { href: `/console/people/${row.id}`, label: row.name },
      typed: { name, email, reason },
      refusal: refusal && refusedWords(view, refusal),
    });
  },
  act: (call, { row: { id } }, { name = '', email = '', reason = '' }) =>
    idempotentForm(
      call,
      (around) => editPerson(call.env, { id, actor: actorOf(call), name, email, reason }, around),
      (edited: Edited) => afterEdit(id, edited),
    ),
});

function afterEdit(id: string, { isRenamed, email }: Edited): Reply {
  const done = { asked: 'emailAsked', moved: 'emailMoved', same: isRenamed ? 'edited' : undefined }[email];
  return seeOther(`/console/people/${id}${done === undefined ? '' : `?done=${done}`}`);
}
