import { z } from 'zod';
import { partnerBrand } from '#core/brand/look.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { csvLine, linesOf } from '#core/values/csv.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { readPartner } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import {
  changePasskeyPolicy,
  PASSKEYS_REMINDED_AT_ONCE,
  previewPasskeyPolicy,
  remindOfPasskeys,
} from '#flows/authenticators/passkey-policy.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { bySemicolon, csvFile, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { subjectOf, wordsOf } from '#mail/words.ts';
import { countPasskeys, countRemindedSince, listWithoutPasskey } from '#store/people/passkey-adoption.ts';
import type { Partner } from '#store/people/users.ts';
import type { View } from '#ui/view.ts';
import { passkeysPage, pathOf } from './passkeys-page.ts';
import { passkeysRemindPage } from './passkeys-remind-page.ts';
import { type PasskeyPolicyChoice, type PolicyTyped, readPasskeyChoice, typedOf } from './policy-choice.ts';

const PATH = '/console/partners/:partner/passkeys';

const policyForm = z.object({ policy: typed('word').optional(), from: typed('time').optional() });

type StaffCall = PageCall<'staffSteppedUp'>;
type Shown = Pick<StaffCall, 'env' | 'view'>;

/** Passkeys of a partner: the policy, with a preview; who has none; and the reminder of those. */
export const passkeysRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATH, guard: 'staffSteppedUp', handle: showPasskeys }),
  page({
    method: 'POST',
    path: PATH,
    guard: 'staffSteppedUp',
    form: policyForm,
    keeps: ['policy', 'from'],
    handle: submitPolicy,
  }),
  ...actPages({
    path: `${PATH}/remind`,
    guard: 'staffSteppedUp',
    missing,
    find: findReminded,
    // Nobody to remind: the page of the passkeys says why.
    elsewhere: (_call, { partner, due }) =>
      due === 0 || partner.passkeyPolicy === 'off' ? seeOther(`${pathOf(partner)}?reminded=yes`) : undefined,
    draw: ({ view }, reminding) =>
      passkeysRemindPage(view, {
        ...reminding,
        most: PASSKEYS_REMINDED_AT_ONCE,
        mail: mailOf(view, reminding.partner),
      }),
    act: remind,
  }),
  page({ method: 'GET', path: `${PATH}/missing.csv`, guard: 'staff', handle: sendMissing }),
];

async function showPasskeys(call: StaffCall): Promise<Reply> {
  const { view, query } = call;
  const partner = await partnerOf(call);
  if (!partner) return missing(view);
  const asked = view.restored?.policy ?? query.get('policy');
  if (asked === null) return show(await draw(call, partner, { isReminded: query.get('reminded') === 'yes' }));
  const typedNow = { policy: asked, from: view.restored?.from ?? query.get('from') ?? '' };
  const choice = readPasskeyChoice(typedNow, view.now);
  if (isRefusal(choice)) return refusePolicy(call, partner, typedNow, choice);
  return show(await draw(call, partner, { choice }));
}

async function submitPolicy(call: PageCall<'staffSteppedUp', z.output<typeof policyForm>>): Promise<Reply> {
  const { view, input } = call;
  const partner = await partnerOf(call);
  if (!partner) return missing(view);
  const typedNow = { policy: input.policy ?? '', from: input.from ?? '' };
  const choice = readPasskeyChoice(typedNow, view.now);
  if (isRefusal(choice)) return refusePolicy(call, partner, typedNow, choice);
  const { policy, requiredFrom } = choice;
  const changed = await idempotentForm(
    call,
    (around) => changePasskeyPolicy(call.env, actorOf(call), partner.id, { policy, requiredFrom }, around),
    seeOther(`/console/partners/${partner.id}?done=policy`),
  );
  return isRefusal(changed) ? missing(view) : changed;
}

type Reminding = { readonly partner: Partner; readonly due: number };

/** A partner, and how many of its people without a passkey were not reminded within a day. */
async function findReminded(call: Pick<StaffCall, 'env' | 'params'>): Promise<Reminding | undefined> {
  const partner = await partnerOf(call);
  if (!partner) return undefined;
  const { db, now } = call.env;
  const { people, withPasskey } = await countPasskeys(db.read, partner.id);
  const reminded = await countRemindedSince(db.read, partner.id, now() - DAY_SECONDS);
  return { partner, due: people - withPasskey - reminded };
}

function mailOf(view: View, { look }: Partner) {
  const place = { ...view, brand: partnerBrand(view.brand, look) };
  const { text, after } = wordsOf(place, { kind: 'passkey_asked' }, view.now);
  return { subject: subjectOf(place, 'passkey_asked'), text, after };
}

async function remind(call: ActCall<'staffSteppedUp'>, { partner }: Reminding): Promise<Reply> {
  const reminded = await remindOfPasskeys(call.env, actorOf(call), partner.id);
  return isRefusal(reminded) ? missing(call.view) : seeOther(`${pathOf(partner)}?reminded=yes`);
}

/** More people than a page shows. The list ends here: no partner is that large. */
const CSV_ROWS = 100_000;

async function sendMissing({ env, view, params, query }: PageCall<'staff'>): Promise<Reply> {
  const found = await readPartner(env, params.partner ?? '');
  if (!found) return missing(view);
  const people = await listWithoutPasskey(env.db.read, found.partner.id, { after: '', limit: CSV_ROWS });
  const rows = people.map(({ email, name, isEnrolled }) => csvLine([email, name, isEnrolled ? 'app' : '']));
  const csv = linesOf([csvLine(['email', 'name', 'authenticator']), ...rows]);
  return csvFile(`${found.partner.slug}-without-passkey.csv`, csv, bySemicolon(query));
}

async function partnerOf({ env, params }: Pick<StaffCall, 'env' | 'params'>): Promise<Partner | undefined> {
  return (await readPartner(env, params.partner ?? ''))?.partner;
}

type Drawn = {
  readonly choice?: PasskeyPolicyChoice;
  readonly typed?: PolicyTyped;
  readonly refusal?: Refusal;
  readonly isReminded?: boolean;
};

const PEOPLE_SHOWN = 50;

async function draw({ env, view }: Shown, partner: Partner, { choice, typed, refusal, isReminded }: Drawn) {
  const { passkeyPolicy: policy = 'allowed', passkeyRequiredFrom: requiredFrom } = partner;
  const now = { policy, requiredFrom, typed: typedOf({ policy, requiredFrom }, view.now) };
  const preview = choice && (await previewPasskeyPolicy(env, partner.id, choice));
  return passkeysPage(view, {
    partner,
    now,
    reminded: isReminded ? await countRemindedSince(env.db.read, partner.id, view.now - DAY_SECONDS) : undefined,
    counts: preview ?? (await countPasskeys(env.db.read, partner.id)),
    missing: await listWithoutPasskey(env.db.read, partner.id, { after: '', limit: PEOPLE_SHOWN }),
    typed: typed ?? now.typed,
    refusal: refusal && refusedWords(view, refusal),
    preview: preview && choice && { choice, endsSessions: preview.endsSessions },
  });
}

async function refusePolicy(call: Shown, partner: Partner, typed: PolicyTyped, refusal: Refusal): Promise<Reply> {
  return showRefusal(await draw(call, partner, { typed, refusal }), refusal);
}
