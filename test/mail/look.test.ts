import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { palette } from '#core/brand/palette.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import type { MailMessage } from '#mail/message.ts';
import { findPerson } from '#store/people/users.ts';
import { dress, LOOK } from '../stories/look/look-story.ts';
import { openWorld, type World } from '../world.ts';
import { EVERY_KIND } from './every-kind.ts';

const SERVICE = { name: 'Partner Interface', hue: 262, help: 'help@portal.example' };
const ACME = { name: LOOK.name, hue: Number(LOOK.hue), help: 'IT desk, extension 4711 (it@acme.example)' };
/** Only administrators get it, and staff have no partner. */
const OF_STAFF = ['test'];

/** Each kind of mail as it is sent to this person. */
async function sentTo(world: World, id: string): Promise<ReadonlyMap<string, MailMessage>> {
  const { env } = world;
  const user = (await findPerson(env.db.read, id))?.user;
  assert.ok(user);
  const ids = new Map<string, string>();
  for (const mail of Object.values(EVERY_KIND)) {
    ids.set(await env.db.transaction((tx) => queueMail(env, tx, user, mail, false)), mail.kind);
  }
  // The mail in place of others is never queued by itself, and begins when they could have been sent.
  const expires_at = env.now() + 60;
  await env.db.transaction((tx) =>
    tx.updateTable('outbox').set({ expires_at }).where('kind', '=', 'more_news').execute(),
  );
  const sent = new Map<string, MailMessage>();
  const send = async (message: MailMessage) => {
    sent.set(ids.get(message.id) ?? '', message);
    return { outcome: 'sent' } as const;
  };
  await deliverMail(env, { send, close: () => undefined });
  return sent;
}

function assertLook(kind: string, message: MailMessage | undefined, look: typeof SERVICE, other: typeof SERVICE): void {
  assert.ok(message, `${kind} was not sent`);
  const { subject, text, html } = message;
  const [light, dark] = [palette('light', look.hue), palette('dark', look.hue)];
  assert.ok(subject.includes(look.name), `${kind}: name in the subject`);
  for (const words of [text, html]) assert.ok(words.includes(look.help), `${kind}: help line`);
  assert.match(html, new RegExp(`>${look.name}</p>`), `${kind}: name on the card`);
  assert.match(html, new RegExp(`class="button"[^>]*background:${light.accent}`), `${kind}: hue`);
  assert.match(html, new RegExp(`\\.button\\{background:${dark.accent}!important`), `${kind}: hue in the dark scheme`);
  const all = subject + text + html;
  for (const foreign of [other.name, other.help, palette('light', other.hue).accent, palette('dark', other.hue).accent])
    assert.ok(!all.includes(foreign), `${kind}: ${foreign}`);
  assert.doesNotMatch(html, /<img|\/logo/, `${kind}: no picture`);
}

describe('every kind of mail', async () => {
  const opened = async (t: Parameters<typeof openWorld>[0], isStaff: boolean) => {
    const world = await openWorld(t, { environment: { SALLYPORT_SUPPORT_CONTACT: SERVICE.help } });
    const partner = await world.addPartner();
    await dress(world, partner.id);
    const who = isStaff ? ({ role: 'csm' } as const) : { partnerId: partner.id };
    return sentTo(world, (await world.addUser({ email: 'ana@acme.example', ...who })).id);
  };

  test('to the people of a partner has its look: name, hue in both schemes, help line', async (t) => {
    const sent = await opened(t, false);
    for (const kind of Object.keys(EVERY_KIND)) {
      if (!OF_STAFF.includes(kind)) assertLook(kind, sent.get(kind), ACME, SERVICE);
    }
  });

  test('to staff has the look of the service', async (t) => {
    const sent = await opened(t, true);
    for (const kind of Object.keys(EVERY_KIND)) assertLook(kind, sent.get(kind), SERVICE, ACME);
  });
});
