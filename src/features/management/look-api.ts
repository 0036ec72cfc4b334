import { z } from 'zod';
import { HUE_MAX } from '#core/brand/brand.ts';
import { SCHEMES } from '#core/brand/palette.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { changeLogo, changeLook, removeLogo } from '#flows/brand/partner-look.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { lookRecord } from '#wire/records.ts';
import { actorOf } from './acting.ts';

const LOOK = '/api/v1/partners/:partner/look';
/** A logo of 256 KiB in base64, and the rest of the body. */
const LOGO_BODY_BYTES = 400 * 1024;

const lookBody = z.strictObject({
  name: typed('name').nullable().optional(),
  hue: z
    .number()
    .nullable()
    .meta({ description: `Degrees, 0 to ${HUE_MAX}. Every hue keeps the contrast that WCAG 2.2 asks for.` })
    .optional(),
  help: z
    .strictObject({ text: typed('name'), href: typed('address').nullable().optional() })
    .nullable()
    .meta({ description: 'Whom the people of the partner ask: one line, and an https or mailto address.' })
    .optional(),
});

const logoBody = z.strictObject({
  scheme: z.enum(SCHEMES),
  image: typed('image').nullable().meta({ description: 'PNG, JPEG or WebP in base64; null takes the logo away.' }),
});

const lookSchema = z.strictObject({
  name: z.string().nullable(),
  hue: z.int().nullable(),
  help: z.strictObject({ text: z.string(), href: z.string().nullable() }).nullable(),
  logo: z.strictObject({ light: z.string().nullable(), dark: z.string().nullable() }),
});

/** What the people of a partner see. Null is what everybody else sees. */
export const lookApi: readonly Route[] = [
  api({
    method: 'GET',
    path: LOOK,
    guard: 'apiKey:partners:read',
    summary: 'Read what the people of a partner see instead of the service',
    answer: lookSchema,
    refusals: ['not_found'],
    async handle({ env, params }) {
      const partner = await findPartner(env.db.read, params.partner ?? '');
      return partner ? lookRecord(env.config.publicUrl.origin, partner) : refuse('not_found', { reason: 'partner' });
    },
  }),
  api({
    method: 'POST',
    path: LOOK,
    guard: 'apiKey:partners:write',
    summary: 'Set name, hue and help line that the people of a partner see; the logos stay',
    body: lookBody,
    answer: lookSchema,
    refusals: ['not_found'],
    handle(call) {
      const { name, hue, help } = call.input;
      const { text = '', href } = help ?? {};
      const look = { name: name ?? '', hue: hue?.toString() ?? '', help: text, helpHref: href ?? '' };
      return record(call, changeLook(call.env, actorOf(call), call.params.partner ?? '', look));
    },
  }),
  api({
    method: 'POST',
    path: `${LOOK}/logo`,
    guard: 'apiKey:partners:write',
    summary: 'Set or take away the logo that the people of a partner see, for one scheme',
    body: logoBody,
    answer: lookSchema,
    bodyBytes: LOGO_BODY_BYTES,
    refusals: ['not_found'],
    handle(call) {
      const { scheme, image } = call.input;
      const [partner, actor] = [call.params.partner ?? '', actorOf(call)];
      if (image === null) return record(call, removeLogo(call.env, actor, partner, scheme));
      const file = Buffer.from(image, 'base64');
      if (file.length === 0) return Promise.resolve(refuse('invalid_request', { reason: 'logo_missing' }));
      return record(call, changeLogo(call.env, actor, partner, { scheme, file }));
    },
  }),
];

type Env = ApiCall<'apiKey:partners:write'>['env'];

async function record({ env }: { readonly env: Env }, outcome: Promise<Partner | Refusal>) {
  const partner = await outcome;
  return isRefusal(partner) ? partner : lookRecord(env.config.publicUrl.origin, partner);
}
