import { z } from 'zod';
import { isRefusal } from '#core/values/result.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { doneOf } from './frame-page.ts';
import { findList, inviteList, keepList } from './invite-many.ts';
import { pastedListPage, pastePage } from './invite-many-page.ts';
import { missingColleaguePage } from './pages.ts';

const MANY = '/team/invite-many';
const LIST = `${MANY}/:list`;

/** So long that a list of any size that people paste comes back in its form with the reason. */
const PASTE_FORM_BYTES = 1024 * 1024;

const pasteForm = z.object({ pasted: typed('mailboxes').optional(), role: typed('word').optional() });

/**
 * A pasted list: the paste, what was read, and the invitations.
 *
 * Keeping a list invites nobody, so it needs no fresh proof: an address could not hold a form of this size after one.
 */
export const inviteManyRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: MANY,
    guard: 'manager',
    async handle({ env, view, session, query }) {
      const shown = await findList(env, { session }, query.get('list') ?? '');
      const { pasted = '', role = 'member' } = view.restored ?? shown?.list ?? {};
      return show(pastePage(view, { typed: { pasted, role }, checked: view.restored ? undefined : shown }));
    },
  }),
  page({
    method: 'POST',
    path: MANY,
    guard: 'manager',
    form: pasteForm,
    keeps: ['pasted', 'role'],
    uploadBytes: PASTE_FORM_BYTES,
    handle: submitPaste,
  }),
  page({
    method: 'GET',
    path: LIST,
    guard: 'managerSteppedUp',
    async handle({ env, view, session, params, query }) {
      const shown = await findList(env, { session }, params.list ?? '');
      return shown ? show(pastedListPage(view, { shown, done: doneOf(query) })) : show(missingColleaguePage(view), 404);
    },
  }),
  page({
    method: 'POST',
    path: LIST,
    guard: 'managerSteppedUp',
    async handle({ env, view, session, client, params }) {
      const shown = await findList(env, { session }, params.list ?? '');
      if (!shown) return show(missingColleaguePage(view), 404);
      const done = await inviteList(env, { session, client }, shown);
      if (isRefusal(done)) return showRefusal(pastedListPage(view, { shown, done: undefined, refusal: done }), done);
      return seeOther(`${MANY}/${shown.list.id}?done=invitedMany`);
    },
  }),
];

type PasteCall = PageCall<'manager', z.output<typeof pasteForm>>;

async function submitPaste({ env, view, session, client, input, formKey }: PasteCall): Promise<Reply> {
  const { pasted = '', role = 'member' } = input;
  const kept = await idempotentForm(
    { env, formKey },
    (around) => keepList(env, { session, client }, { pasted, role }, around),
    (id: string) => seeOther(`${MANY}/${id}`),
  );
  return isRefusal(kept) ? showRefusal(pastePage(view, { typed: { pasted, role }, refusal: kept }), kept) : kept;
}
