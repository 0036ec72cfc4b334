import { z } from 'zod';
import { partnerBrand } from '#core/brand/look.ts';
import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { readPartner } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { changeNotes, changeReminders } from '#flows/administration/partner-plan.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findNotes, findPartner } from '#store/partners/partners.ts';
import { listStaff } from '#store/people/people-pages.ts';
import { drawQr } from '#ui/qr.ts';
import type { View } from '#ui/view.ts';
import { letterPage } from './letter-page.ts';
import { notesFormPage, remindersFormPage } from './plan-page.ts';

const ONE = '/console/partners/:partner';

/** What staff plan for a partner: its reminders, who looks after it, and the letter to its people. */
export const planRoutes: readonly Route[] = [
  ...actPages({
    path: `${ONE}/reminders`,
    guard: 'staffSteppedUp',
    form: z.object({ days: typed('word').optional() }),
    keeps: ['days'],
    missing,
    find: ({ env, params }) => readPartner(env, params.partner ?? ''),
    draw: ({ view }, { partner, reminderDays }, { days = reminderDays.join(', ') }, refusal) =>
      remindersFormPage(view, { partner, days, refusal: refusal && refusedWords(view, refusal) }),
    act: (call, { partner: { id } }, { days = '' }) =>
      idempotentForm(
        call,
        (around) => changeReminders(call.env, actorOf(call), id, days, around),
        seeOther(`/console/partners/${id}?done=reminders`),
      ),
  }),
  ...actPages({
    path: `${ONE}/notes`,
    guard: 'staffSteppedUp',
    form: z.object({ owner: typed('id').optional(), notes: typed('notes').optional() }),
    keeps: ['owner', 'notes'],
    missing,
    find: async ({ env, params }) => {
      const partner = await findPartner(env.db.read, params.partner ?? '');
      return partner && { partner, ...(await findNotes(env.db.read, partner.id)), staff: await listStaff(env.db.read) };
    },
    draw: ({ view }, { partner, staff, ...now }, typed, refusal) =>
      drawNotes(view, { partner, staff, now, typed, refusal }),
    act: (call, { partner: { id } }, { owner = '', notes = '' }) =>
      idempotentForm(
        call,
        (around) =>
          changeNotes(call.env, actorOf(call), id, { owner: owner === '' ? undefined : owner, notes }, around),
        seeOther(`/console/partners/${id}?done=notes`),
      ),
  }),
  page({
    method: 'GET',
    path: `${ONE}/letter`,
    guard: 'staff',
    async handle({ env, view, params }) {
      const partner = await findPartner(env.db.read, params.partner ?? '');
      if (!partner) return missing(view);
      const address = `${env.config.publicUrl.origin}${PATHS.helpSetUp}`;
      return show(
        letterPage(view, {
          partner,
          brand: partnerBrand(view.brand, partner.look),
          help: { address, qr: drawQr(address) },
        }),
      );
    },
  }),
];

type Notes = {
  readonly partner: { readonly id: string; readonly name: string };
  readonly staff: readonly { readonly id: string; readonly name: string; readonly state: string }[];
  readonly now: { readonly owner: string | undefined; readonly notes: string };
  readonly typed: Readonly<Record<string, string | undefined>>;
  readonly refusal: Refusal | undefined;
};

function drawNotes(view: View, { partner, staff, now, typed, refusal }: Notes) {
  return notesFormPage(view, {
    partner,
    owner: typed.owner ?? now.owner ?? '',
    notes: typed.notes ?? now.notes,
    staff: staff.filter(({ state }) => state !== 'disabled'),
    refusal: refusal && refusedWords(view, refusal),
  });
}
