import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { openMail } from '#mail/message.ts';
import { claimDelivery, listDue } from '#store/queue/delivery-queue.ts';
import { markMailSent } from '#store/queue/mail-deliveries.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ANA, openWithAna } from '../../story.ts';
import { ORIGIN, type World } from '../../world.ts';
import { openTeam } from '../team/team-story.ts';

const HOUR = 3600;
const NEW = 'neo@acme.example';
const NEWS: Mail = { kind: 'new_device' };

/** Every mail to that address, oldest first: its kind, its count, and when it may be sent. */
async function mailsTo({ env }: World, email = ANA) {
  const rows = (await listMail(env.db.read, 500)).filter(({ recipient }) => recipient === email);
  return rows.toReversed().map((row) => ({ ...row, mail: openMail(env.keys, row) }));
}

async function kindsTo(world: World, email = ANA): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of await mailsTo(world, email)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function heldBack(world: World) {
  return (await world.events()).filter(({ action }) => action === 'mail.held_back').map(({ detail }) => detail.kind);
}

/** Sends what is due, as to a mail server. */
async function sendDue({ env, clock }: World): Promise<string[]> {
  const due = await listDue(env.db.read, 'outbox', { receiver: '', now: clock.at, limit: 100 });
  for (const { id } of due) {
    await env.db.transaction((tx) => claimDelivery(tx, 'outbox', id, { now: clock.at, untilAt: clock.at + 90 }));
    await env.db.transaction((tx) => markMailSent(tx, id, clock.at));
  }
  return due.map(({ kind }) => kind);
}

describe('mails to one address', () => {
  it('are five of sixty sign-ins, and one that says how many more there were', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    for (let visits = 0; visits < 60; visits++) await world.person().signIn(ANA);
    assert.deepEqual(await kindsTo(world), { new_device: 5, more_news: 1 });
    const digest = (await mailsTo(world)).at(-1);
    assert.deepEqual(digest?.mail, { kind: 'more_news', count: 55 });
    assert.deepEqual(await heldBack(world), ['new_device'], 'the audit log says so once');
    assert.deepEqual((await sendDue(world)).toSorted(), Array(5).fill('new_device'));
    world.clock.at += HOUR + 60;
    assert.deepEqual(await sendDue(world), ['more_news']);
    await world.person().signIn(ANA);
    assert.deepEqual(await sendDue(world), ['new_device'], 'an hour later the next one is told by itself');
  });

  it('are one digest an hour at most, and fifteen single ones a day, however long it goes on', async (t) => {
    const { world } = await openWithAna(t);
    const { env, clock } = world;
    const to = { email: ANA, locale: 'en', partnerId: undefined };
    let sent: string[] = [];
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
      await env.db.transaction((tx) => queueMail(env, tx, to, NEWS));
      sent = [...sent, ...(await sendDue(world))];
      clock.at += 300;
    }
    const count = (kind: string) => sent.filter((one) => one === kind).length;
    assert.ok(count('new_device') <= 15, `${count('new_device')} single ones`);
    assert.ok(count('more_news') <= 7, `${count('more_news')} digests`);
    const told = (await mailsTo(world)).reduce(
      (sum, { kind, held_back }) => sum + (kind === 'new_device' ? 1 : held_back),
      0,
    );
    assert.equal(told, 24 * 12, 'none is lost: each was sent or is counted');
  });

  it('hold back news that come while a digest is on its way for the next one', async (t) => {
    const { world } = await openWithAna(t);
    const { env, clock } = world;
    const news = async (count: number) => {
      for (let number = 0; number < count; number++)
        await env.db.transaction((tx) => queueMail(env, tx, { email: ANA, locale: 'en', partnerId: undefined }, NEWS));
    };
    await news(7);
    const first = (await mailsTo(world)).at(-1);
    assert(first);
    clock.at = first.not_before;
    assert.equal(
      await env.db.transaction((tx) =>
        claimDelivery(tx, 'outbox', first.id, { now: clock.at, untilAt: clock.at + 90 }),
      ),
      true,
    );
    await news(7);
    assert.deepEqual(
      (await mailsTo(world)).filter(({ kind }) => kind === 'more_news').map(({ held_back }) => held_back),
      [2, 2],
    );
  });

  it('are never fewer of those that matter, however much noise there is', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    for (let visits = 0; visits < 20; visits++) await world.person().signIn(ANA);
    const browser = world.person();
    await browser.post('/forgot-password', { email: ANA });
    const link = (await mailsTo(world)).find(({ kind }) => kind === 'password_reset')?.mail;
    assert(link && 'link' in link);
    const { pathname } = new URL(link.link);
    await browser.get(pathname);
    assert.equal((await browser.post(pathname, { password: 'another lantern otter 8' })).status, 303);
    const due = await sendDue(world);
    for (const kind of ['password_reset', 'password_changed']) assert.ok(due.includes(kind), kind);
  });

  it('are as many from staff as ever, whatever strangers ask for at /forgot-password', async (t) => {
    const { world, ana } = await openWithAna(t);
    const { env } = world;
    for (let times = 0; times < 12; times++)
      await world.person(`203.0.113.${times}`).post('/forgot-password', { email: ANA });
    assert.equal((await kindsTo(world)).password_reset, 3);
    const reset: Mail = { kind: 'password_reset', link: `${ORIGIN}/password/x` };
    await env.db.transaction((tx) => queueMail(env, tx, { ...ana, locale: 'en', partnerId: undefined }, reset));
    assert.equal((await mailsTo(world)).at(-1)?.not_before, 0);
  });

  it('are three invitations an hour: the fourth waits, and a later one takes its place', async (t) => {
    const { world, mia } = await openTeam(t);
    for (let times = 0; times < 12; times++) {
      world.clock.at += 1;
      assert.equal((await mia.post('/team/invite', { email: NEW, name: 'Neo', role: 'member' })).status, 303);
      await sendDue(world);
    }
    const mails = await mailsTo(world, NEW);
    assert.deepEqual(
      mails.map(({ kind, not_before }) => [kind, not_before > 0]),
      [...Array(3).fill(['invitation', false]), ['invitation', true]],
    );
    const last = mails.at(-1)?.mail;
    assert(last && 'link' in last);
    assert.equal(
      (await world.person().get(new URL(last.link).pathname)).status,
      200,
      'the link that waits is the live one',
    );
    assert.deepEqual(await heldBack(world), ['invitation']);
    world.clock.at += HOUR + 60;
    assert.deepEqual(await sendDue(world), ['invitation']);
  });

  it('are one invitation, the last, where none had gone out yet', async (t) => {
    const { world, mia } = await openTeam(t);
    await sendDue(world);
    for (let times = 0; times < 12; times++)
      await mia.post('/team/invite', { email: NEW, name: 'Neo', role: 'member' });
    assert.deepEqual(await sendDue(world), ['invitation']);
  });

  it('are five about an invitation by somebody else, and one for the rest', async (t) => {
    const { world, mia, nora } = await openTeam(t);
    for (let times = 0; times < 12; times++)
      assert.equal((await mia.post('/team/invite', { email: nora.email, name: 'N', role: 'member' })).status, 303);
    assert.deepEqual(await kindsTo(world, nora.email), { invited_again: 5, more_news: 1 });
    assert.equal((await mailsTo(world, nora.email)).at(-1)?.held_back, 7);
  });

  it('are counted once when many come at the same moment', async (t) => {
    const { world } = await openWithAna(t);
    const { env } = world;
    await Promise.all(
      Array.from({ length: 30 }, () =>
        env.db.transaction((tx) => queueMail(env, tx, { email: ANA, locale: 'en', partnerId: undefined }, NEWS)),
      ),
    );
    assert.deepEqual(await kindsTo(world), { new_device: 5, more_news: 1 });
    assert.equal((await mailsTo(world)).find(({ kind }) => kind === 'more_news')?.held_back, 25);
  });

  it('that wait for their budget are no reason in /readyz', async (t) => {
    const { world } = await openWithAna(t, {
      environment: { SALLYPORT_SMTP_URL: 'smtp://localhost:1', SALLYPORT_MAIL_FROM: 'a@portal.example' },
    });
    const { env, clock, app } = world;
    for (let times = 0; times < 8; times++)
      await env.db.transaction((tx) => queueMail(env, tx, { email: ANA, locale: 'en', partnerId: undefined }, NEWS));
    await sendDue(world);
    clock.at += 30 * 60;
    const reasons: string[] = JSON.parse(await (await app.fetch(new Request(`${ORIGIN}/readyz`))).text()).reasons;
    assert.deepEqual(
      reasons.filter((reason) => reason.startsWith('mail')),
      [],
    );
  });
});
