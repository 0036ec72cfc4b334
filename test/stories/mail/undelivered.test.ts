import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { addPerson } from '#flows/administration/add-person.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { listMail } from '#store/queue/outbox.ts';
import { openPostOffice } from '../../mail/post-office.ts';
import { ROBIN } from '../console/console-story.ts';
import { enter, openTeam } from '../team/team-story.ts';

const NEW = 'neo@acme.example';

/** A team with a real mail server, and a member of staff who looks after it. */
async function openOffice(t: TestContext) {
  const office = await openPostOffice(t);
  const team = await openTeam(t, {
    SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
    SALLYPORT_MAIL_FROM: 'a@portal.example',
  });
  const { world } = team;
  const { env } = world;
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom);
  t.after(() => mailer.close());
  const { id } = await world.addUser({ email: ROBIN, role: 'csm' });
  const robin = await enter(world, ROBIN, await world.addAuthenticator(id));
  const deliver = () => deliverMail(env, mailer);
  await deliver();
  office.raw.length = 0;
  const actions = async () => (await world.events()).map(({ action }) => action);
  return { ...team, office, robin, deliver, actions };
}

/** The link to send the mail again on a page. Undefined if there is none. */
function againOn(text: string): string | undefined {
  return /href="(\/console\/people\/[^"/]+\/mail\/[^"]+)"/.exec(text)?.[1];
}

describe('a mail that did not arrive', () => {
  it('shows where its person is looked at, and an invitation goes again with a new link', async (t) => {
    const { world, office, robin, deliver, partner, actions } = await openOffice(t);
    office.behaviour.recipients = { [NEW]: '550 5.1.1 User unknown' };
    const person = { email: NEW, name: 'Neo', role: 'member', partner: 'acme', password: undefined } as const;
    const added = await addPerson(world.env, 'command_line', person);
    assert(!('refused' in added) && added.invitation);
    await deliver();
    const list = await robin.get(`/console/partners/${partner.id}`);
    assert.match(list.text, /neo@acme\.example[\s\S]{0,400}Email not delivered/);
    const path = `/console/people/${added.person.user.id}`;
    const shown = (await robin.get(path)).text;
    assert.match(shown, /Your access to Partner Interface” wasn’t delivered.*RCPT TO 550 5\.1\.1/);
    const again = againOn(shown) ?? '';
    office.behaviour.recipients = {};
    assert.match((await robin.get(again)).text, /will be sent to neo@acme\.example again/);
    assert.equal((await robin.post(again)).location, `${path}?done=mailed`);
    assert.ok((await actions()).includes('mail.sent_again'));
    assert.equal(againOn((await robin.get(path)).text), undefined, 'nothing is shown while the new one waits');
    assert.equal((await robin.post(again)).status, 404, 'a second time there is nothing to send');
    await deliver();
    const [mail, ...more] = await office.mails();
    assert.deepEqual(more, []);
    const [link = ''] = /https:\S+\/invitation\/\S+/.exec(mail?.text ?? '') ?? [];
    assert.notEqual(link, added.invitation.url);
    assert.equal((await world.person().get(new URL(link).pathname)).status, 200);
    assert.equal((await world.person().get(new URL(added.invitation.url ?? '').pathname)).status, 404);
  });

  it('goes again as it was where it carries no link, and with a new one where that is over', async (t) => {
    const { world, office, robin, deliver, ana } = await openOffice(t);
    const { env } = world;
    office.behaviour.recipients = { [ana.email]: '550 5.2.1 Mailbox disabled' };
    await world.person().post('/forgot-password', { email: ana.email });
    const news = { kind: 'new_device', userAgent: 'Browser/1', address: '203.0.113.9' } as const;
    await env.db.transaction((tx) =>
      queueMail(env, tx, { email: ana.email, locale: 'en', partnerId: undefined }, news),
    );
    await deliver();
    world.clock.at += 600;
    office.behaviour.recipients = {};
    const path = `/console/people/${ana.id}`;
    for (let mails = 0; mails < 2; mails++) {
      const again = againOn((await robin.get(path)).text);
      assert(again);
      assert.equal((await robin.post(again)).location, `${path}?done=mailed`);
    }
    assert.equal(againOn((await robin.get(path)).text), undefined);
    await deliver();
    const texts = (await office.mails()).map(({ text }) => text ?? '');
    assert.equal(texts.length, 2);
    assert.ok(texts.some((text) => text.includes('203.0.113.9')));
    const link = texts.map((text) => /https:\S+(\/password\/\S+)/.exec(text)?.[1]).find((one) => one !== undefined);
    assert.equal((await world.person().get(link ?? '')).status, 200);
  });

  it('is sent again by staff with a fresh proof alone, and only from the page of its own person', async (t) => {
    const { office, robin, mia, deliver, world, ana, nora } = await openOffice(t);
    office.behaviour.recipients = { '*': '550 5.1.1 User unknown' };
    await world.person().post('/forgot-password', { email: ana.email });
    await deliver();
    const again = againOn((await robin.get(`/console/people/${ana.id}`)).text) ?? '';
    assert.equal((await robin.get(again.replace(ana.id, nora.id))).status, 404);
    assert.equal((await mia.get(again)).status, 403);
    world.clock.at += 16 * 60 - 1;
    assert.equal((await robin.get(again)).location, '/sign-in?return_to='.concat(encodeURIComponent(again)));
  });

  it('shows on the page of the team for an invitation, alike for somebody who belongs elsewhere', async (t) => {
    const { office, mia, deliver, nora } = await openOffice(t);
    office.behaviour.recipients = { '*': '550 5.1.1 User unknown' };
    for (const email of [NEW, nora.email]) {
      const { location = '' } = await mia.post('/team/invite', { email, name: 'Neo', role: 'member' });
      assert.doesNotMatch((await mia.get(location)).text, /wasn’t delivered|not delivered/);
      await deliver();
      assert.match((await mia.get(location)).text, /The last invitation wasn’t delivered/);
      assert.match((await mia.get(`/team?q=${email}`)).text, /Email not delivered/);
      office.behaviour.recipients = {};
      assert.equal((await mia.post(`${location.split('?')[0]}/invitation`)).status, 303);
      await deliver();
      assert.doesNotMatch((await mia.get(location)).text, /wasn’t delivered|not delivered/);
      office.behaviour.recipients = { '*': '550 5.1.1 User unknown' };
    }
  });

  it('keeps no link, and is nobody’s where no mail server is set', async (t) => {
    const { world, office, deliver, ana, robin } = await openOffice(t);
    office.behaviour.recipients = { '*': '550 5.1.1 User unknown' };
    await world.person().post('/forgot-password', { email: ana.email });
    await deliver();
    const [dead] = await listMail(world.env.db.read, 1);
    assert.deepEqual([dead?.kind, dead?.sealed_parameters], ['password_reset', '']);
    await world.env.db.transaction((tx) => tx.updateTable('outbox').set({ tries: 0 }).execute());
    assert.equal(againOn((await robin.get(`/console/people/${ana.id}`)).text), undefined);
  });
});
