import { z } from 'zod';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { partnersCsv, peopleCsv } from '#features/console/csv.ts';
import { readPartnerQuery, readPeopleQuery } from '#features/console/filters.ts';
import { readPartner } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { readPartnerList, readPeopleList } from '#features/console/lists.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { addPartner, changeResets, renamePartner, restorePartner } from '#flows/administration/partner-acts.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { bySemicolon, csvFile, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import { archiveRoutes } from './archive-routes.ts';
import { readHistory } from './history.ts';
import { lookRoutes } from './look-routes.ts';
import { nameFormPage, partnerPage, questionPage } from './partner-page.ts';
import { partnersPage } from './partners-page.ts';
import { passkeysRoutes } from './passkeys-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { trustRoutes } from './trust-routes.ts';

const PARTNERS = '/console/partners';
const ONE = `${PARTNERS}/:partner`;

const nameForm = z.object({ name: typed('name').optional() });
const newForm = z.object({ name: typed('name').optional(), slug: typed('slug').optional() });

type StaffCall = PageCall<'staffSteppedUp'>;

export const partnerRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PARTNERS,
    guard: 'staff',
    async handle({ env, view, query }) {
      return show(partnersPage(view, await readPartnerList(env, readPartnerQuery(query)), doneOf(query)));
    },
  }),
  page({
    method: 'GET',
    path: `${PARTNERS}.csv`,
    guard: 'staff',
    handle: async ({ env, query }) =>
      csvFile('partners.csv', await partnersCsv(env, readPartnerQuery(query)), bySemicolon(query)),
  }),
  page({
    method: 'GET',
    path: `${PARTNERS}/new`,
    guard: 'staffSteppedUp',
    handle: (call) => show(newPage(call, newOf(call.view.restored ?? {}))),
  }),
  page({
    method: 'POST',
    path: `${PARTNERS}/new`,
    guard: 'staffSteppedUp',
    form: newForm,
    keeps: ['name', 'slug'],
    handle: submitNew,
  }),
  page({ method: 'GET', path: ONE, guard: 'staff', handle: showPartner }),
  page({
    method: 'GET',
    path: `${ONE}/people.csv`,
    guard: 'staff',
    async handle({ env, view, params, query }) {
      const partner = await findPartner(env.db.read, params.partner ?? '');
      if (!partner) return missing(view);
      return csvFile(
        `${partner.slug}.csv`,
        await peopleCsv(env, partner.id, readPeopleQuery(query)),
        bySemicolon(query),
      );
    },
  }),
  ...policyRoutes,
  ...passkeysRoutes,
  ...trustRoutes,
  ...planRoutes,
  ...lookRoutes,
  page({
    method: 'GET',
    path: `${ONE}/rename`,
    guard: 'staffSteppedUp',
    async handle(call) {
      const partner = await partnerOf(call);
      return partner ? show(renamePage(call, partner, call.view.restored?.name ?? partner.name)) : missing(call.view);
    },
  }),
  page({
    method: 'POST',
    path: `${ONE}/rename`,
    guard: 'staffSteppedUp',
    form: nameForm,
    keeps: ['name'],
    handle: submitRename,
  }),
  ...archiveRoutes,
  ...question('restore', 'staffSteppedUp', restorePartner),
  ...question('resets', 'staffAdminSteppedUp', async (env, actor, id, around) => {
    const now = await readPartner(env, id);
    return changeResets(env, actor, id, !now?.resetsWithoutCode, around);
  }),
];

const DONE_OF = { restore: 'restored', resets: 'resets' } as const;

/** An act on a partner that needs only a confirmation: a page that explains it, and its button. */
function question<T>(
  name: keyof typeof DONE_OF,
  guard: 'staffSteppedUp' | 'staffAdminSteppedUp',
  act: (env: Env, actor: Actor, id: string, around: Around<T>) => Promise<T | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard,
    missing,
    find: ({ env, params }) => readPartner(env, params.partner ?? ''),
    draw({ view }, { partner, people, resetsWithoutCode }) {
      const { t } = view;
      const isBack = name === 'restore' || (name === 'resets' && resetsWithoutCode);
      const title = t(`act.${name}.button`, { name: partner.name });
      const key = name === 'resets' && isBack ? 'partner.resets.askAgain' : (`partner.${name}.text` as const);
      const text = t(key, { name: partner.name, people });
      const above = { href: `${PARTNERS}/${partner.id}`, label: partner.name };
      const action = `${above.href}/${name}`;
      return questionPage(view, { title, text, action, above, isGrave: !isBack });
    },
    act: (call, { partner: { id } }) =>
      idempotentForm(call, (around) => act(call.env, actorOf(call), id, around), back(call, DONE_OF[name])),
    refused: ({ view }) => missing(view),
  });
}

function back({ params }: Pick<StaffCall, 'params'>, done: string): Reply {
  return seeOther(`${PARTNERS}/${params.partner}?done=${done}`);
}

async function showPartner({ env, view, params, query }: PageCall<'staff'>): Promise<Reply> {
  const found = await readPartner(env, params.partner ?? '');
  if (!found) return missing(view);
  const list = await readPeopleList(env, found.partner.id, readPeopleQuery(query));
  const history = await readHistory(env, found.partner, found);
  return show(partnerPage(view, { ...found, list, history, done: doneOf(query) }));
}

type NewTyped = { readonly name: string; readonly slug: string };

function newOf({ name = '', slug = '' }: z.output<typeof newForm>): NewTyped {
  return { name, slug: slug.trim() };
}

function newPage({ view }: Pick<StaffCall, 'view'>, { name, slug }: NewTyped, refusal?: Refusal) {
  const { t } = view;
  return nameFormPage(view, {
    title: t('partners.add'),
    action: `${PARTNERS}/new`,
    above: { href: PARTNERS, label: t('console.partners') },
    label: t('partners.name'),
    hint: t('partners.name.hint'),
    value: name,
    slug: { value: slug, label: t('partners.slug'), hint: t('partners.slug.hint') },
    button: t('partners.add'),
    refusal: refusal && refusedWords(view, refusal),
  });
}

async function submitNew(call: PageCall<'staffSteppedUp', z.output<typeof newForm>>): Promise<Reply> {
  const typed = newOf(call.input);
  const { name, slug } = typed;
  const given = slug === '' ? undefined : slug;
  const added = await idempotentForm(
    call,
    (around) => addPartner(call.env, actorOf(call), { name, slug: given, mfa: { policy: 'off' } }, around),
    ({ id }: { readonly id: string }) => seeOther(`${PARTNERS}/${id}?done=created`),
  );
  return isRefusal(added) ? showRefusal(newPage(call, typed, added), added) : added;
}

function partnerOf({ env, params }: Pick<StaffCall, 'env' | 'params'>) {
  return findPartner(env.db.read, params.partner ?? '');
}

type Named = { readonly id: string; readonly name: string };

function renamePage({ view }: Pick<StaffCall, 'view'>, { id, name }: Named, value: string, refusal?: Refusal) {
  const { t } = view;
  const above = { href: `${PARTNERS}/${id}`, label: name };
  return nameFormPage(view, {
    title: t('act.rename.button', { name }),
    action: `${above.href}/rename`,
    above,
    value,
    label: t('partners.name'),
    button: t('partner.rename'),
    hint: t('partner.rename.hint'),
    refusal: refusal && refusedWords(view, refusal),
  });
}

async function submitRename(call: PageCall<'staffSteppedUp', z.output<typeof nameForm>>): Promise<Reply> {
  const partner = await partnerOf(call);
  if (!partner) return missing(call.view);
  const { name = '' } = call.input;
  const renamed = await renamePartner(call.env, actorOf(call), partner.id, name);
  if (!isRefusal(renamed)) return back(call, 'renamed');
  return showRefusal(renamePage(call, partner, name, renamed), renamed);
}
