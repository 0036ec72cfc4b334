import { z } from 'zod';
import { type Brand, hueSheetPath } from '#core/brand/brand.ts';
import { LOGO_UPLOAD_BYTES } from '#core/brand/image.ts';
import { type PartnerLook, partnerBrand, readLook, type TypedLook, typedLook } from '#core/brand/look.ts';
import { accentContrast, SCHEMES, type Scheme, TEXT_CONTRAST } from '#core/brand/palette.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { changeLogo, changeLook, removeLogo } from '#flows/brand/partner-look.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { lookPage } from './look-page.ts';

const LOOK = '/console/partners/:partner/look';

const lookForm = z.object({
  name: typed('name').optional(),
  hue: typed('word').optional(),
  help: typed('name').optional(),
  link: typed('address').optional(),
  act: typed('word').optional(),
});
const logoForm = z.object({ scheme: typed('word').optional() });

type StaffCall<Input = undefined> = PageCall<'staffSteppedUp', Input>;

/** What the people of a partner see instead of the service. */
export const lookRoutes: readonly Route[] = [
  page({ method: 'GET', path: LOOK, guard: 'staffSteppedUp', handle: showLook }),
  page({
    method: 'POST',
    path: LOOK,
    guard: 'staffSteppedUp',
    form: lookForm,
    keeps: ['name', 'hue', 'help', 'link'],
    handle: submitLook,
  }),
  page({
    method: 'POST',
    path: `${LOOK}/logo`,
    guard: 'staffSteppedUp',
    form: logoForm,
    uploadBytes: LOGO_UPLOAD_BYTES,
    handle: submitLogo,
  }),
  page({ method: 'POST', path: `${LOOK}/logo/remove`, guard: 'staffSteppedUp', form: logoForm, handle: submitRemoval }),
];

type Form = { readonly [Field in 'name' | 'hue' | 'help' | 'link']?: string | undefined };

async function showLook(call: StaffCall): Promise<Reply> {
  const { env, view, query, params } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(view);
  const isPreview = view.restored !== undefined || query.has('name');
  const form = view.restored ?? Object.fromEntries(query);
  return draw(call, partner, isPreview ? typedIn(form) : typedLook(partner.look));
}

/** The page with what was typed, and both schemes as they would look with it. */
function draw({ view, query }: Pick<StaffCall<unknown>, 'view' | 'query'>, partner: Partner, form: TypedLook): Reply {
  const look = readLook(form);
  if (isRefusal(look)) return refuseLook(view, partner, form, look);
  const brand = partnerBrand(view.brand, { ...look, ...logoOf(partner) });
  return show(lookPage(view, { partner, typed: form, ...shown(brand), done: doneOf(query) }));
}

function refuseLook(
  view: StaffCall['view'],
  partner: Partner,
  form: TypedLook,
  refusal: Refusal,
  scheme?: Scheme,
): Reply {
  const words = refusedWords(view, refusal);
  const fieldId = words.fieldId === 'file' ? `file-${scheme}` : words.fieldId;
  const brand = partnerBrand(view.brand, partner.look);
  return showRefusal(
    lookPage(view, { partner, typed: form, ...shown(brand), scheme, refusal: { ...words, fieldId } }),
    refusal,
  );
}

function shown(brand: Brand) {
  const samples = SCHEMES.map((scheme) => ({
    scheme,
    contrast: accentContrast(scheme, brand.hue),
    needed: TEXT_CONTRAST,
  }));
  return { brand, samples, sheet: hueSheetPath(brand.hue, 'sample') };
}

async function submitLook(call: StaffCall<z.output<typeof lookForm>>): Promise<Reply> {
  const { env, view, params, input } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(view);
  const form = typedIn(input);
  if (input.act === 'preview') {
    const look = readLook(form);
    if (isRefusal(look)) return refuseLook(view, partner, form, look);
    const { name, hue, help, helpHref: link } = form;
    return seeOther(`/console/partners/${partner.id}/look?${new URLSearchParams({ name, hue, help, link })}#preview`);
  }
  const changed = await idempotentForm(
    call,
    (around) => changeLook(env, actorOf(call), partner.id, form, around),
    back(partner),
  );
  return isRefusal(changed) ? refuseLook(view, partner, form, changed) : changed;
}

async function submitLogo(call: StaffCall<z.output<typeof logoForm>>): Promise<Reply> {
  const { env, view, params, input, upload: file } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(view);
  const scheme = schemeIn(input.scheme);
  const again = (refusal: Refusal) => refuseLook(view, partner, typedLook(partner.look), refusal, scheme);
  if (scheme === undefined) return again(refuse('invalid_request'));
  if (file === undefined) return again(refuse('invalid_request', { reason: 'logo_missing' }));
  const changed = await idempotentForm(
    call,
    (around) => changeLogo(env, actorOf(call), partner.id, { scheme, file }, around),
    back(partner),
  );
  return isRefusal(changed) ? again(changed) : changed;
}

async function submitRemoval(call: StaffCall<z.output<typeof logoForm>>): Promise<Reply> {
  const { env, view, params, input } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(view);
  const scheme = schemeIn(input.scheme);
  if (scheme === undefined) return refuseLook(view, partner, typedLook(partner.look), refuse('invalid_request'));
  const changed = await idempotentForm(
    call,
    (around) => removeLogo(env, actorOf(call), partner.id, scheme, around),
    back(partner),
  );
  return isRefusal(changed) ? missing(view) : changed;
}

function schemeIn(typedScheme: string | undefined): Scheme | undefined {
  return SCHEMES.find((scheme) => scheme === typedScheme);
}

function back({ id }: Partner): Reply {
  return seeOther(`/console/partners/${id}/look?done=look`);
}

function typedIn({ name = '', hue = '', help = '', link = '' }: Form): TypedLook {
  return { name, hue, help, helpHref: link };
}

function logoOf({ look }: Partner): Pick<PartnerLook, 'logo'> {
  return look?.logo === undefined ? {} : { logo: look.logo };
}
