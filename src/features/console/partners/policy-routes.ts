import { z } from 'zod';
import { partnerBrand } from '#core/brand/look.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import { type PolicyTyped, readPolicyChoice, typedOf } from './policy-choice.ts';
import { policyPage } from './policy-page.ts';
import { previewOf } from './policy-preview.ts';

const PATH = '/console/partners/:partner/policy';

const policyForm = z.object({ policy: typed('word').optional(), from: typed('time').optional() });

type StaffCall = PageCall<'staffSteppedUp'>;

/** The policy of a partner: the choice, the people that it affects, and the change. */
export const policyRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATH, guard: 'staffSteppedUp', handle: showPolicy }),
  page({
    method: 'POST',
    path: PATH,
    guard: 'staffSteppedUp',
    form: policyForm,
    keeps: ['policy', 'from'],
    handle: submitPolicy,
  }),
];

async function showPolicy(call: StaffCall): Promise<Reply> {
  const { env, view, query } = call;
  const partner = await partnerOf(call);
  if (!partner) return missing(view);
  const asked = view.restored?.policy ?? query.get('policy');
  if (asked === null) return show(policyPage(view, { partner, typed: typedOf(partner, view.now) }));
  const typed = { policy: asked, from: view.restored?.from ?? query.get('from') ?? '' };
  const choice = readPolicyChoice(typed, view.now);
  if (isRefusal(choice)) return refusePolicy(call, partner, typed, choice);
  const place = { ...view, brand: partnerBrand(view.brand, partner.look) };
  return show(policyPage(view, { partner, typed, preview: await previewOf(env, place, partner.id, choice) }));
}

type Partner = NonNullable<Awaited<ReturnType<typeof partnerOf>>>;

function refusePolicy(
  { view }: Pick<StaffCall, 'view'>,
  partner: Partner,
  typed: PolicyTyped,
  refusal: Refusal,
): Reply {
  return showRefusal(policyPage(view, { partner, typed, refusal: refusedWords(view, refusal) }), refusal);
}

async function submitPolicy(call: PageCall<'staffSteppedUp', z.output<typeof policyForm>>): Promise<Reply> {
  const { view, input } = call;
  const partner = await partnerOf(call);
  if (!partner) return missing(view);
  const typed = { policy: input.policy ?? '', from: input.from ?? '' };
  const choice = readPolicyChoice(typed, view.now);
  if (isRefusal(choice)) return refusePolicy(call, partner, typed, choice);
  const { policy, requiredFrom } = choice;
  const changed = await idempotentForm(
    call,
    (around) => changeMfaPolicy(call.env, actorOf(call), partner.slug, { policy, requiredFrom }, around),
    seeOther(`/console/partners/${partner.id}?done=policy`),
  );
  return isRefusal(changed) ? missing(view) : changed;
}

function partnerOf({ env, params }: Pick<StaffCall, 'env' | 'params'>) {
  return findPartner(env.db.read, params.partner ?? '');
}
