import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { listMail } from '#store/queue/outbox.ts';
import { openWorld } from '../world.ts';
import { CERTIFICATE, openPostOffice } from './post-office.ts';

// An address of this machine, but not a name that may receive mail in the clear.
const ELSEWHERE = '127.0.0.2';

async function sendThrough(t: TestContext, url: string) {
  const environment = { SALLYPORT_SMTP_URL: url, SALLYPORT_MAIL_FROM: 'sign-in@portal.example' };
  const { env, log } = await openWorld(t, { environment });
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom, { connectSeconds: 3, silenceSeconds: 3, sendSeconds: 8 });
  t.after(() => mailer.close());
  await env.db.transaction((tx) =>
    queueMail(
      env,
      tx,
      { email: 'ana@acme.example', locale: 'en', partnerId: undefined },
      { kind: 'mfa_reset', withCode: false },
    ),
  );
  await deliverMail(env, mailer);
  const [row] = await listMail(env.db.read, 1);
  return { sent: row?.sent_at !== null, fault: row?.last_fault ?? '', log };
}

function trust(t: TestContext): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, CERTIFICATE]);
  t.after(() => setDefaultCACertificates(before));
}

for (const scheme of ['smtps', 'smtp'] as const) {
  const options = scheme === 'smtps' ? { secure: true } : { disabledCommands: [] };

  test(`${scheme}: a certificate that nobody vouches for gets no mail`, async (t) => {
    const office = await openPostOffice(t, { host: ELSEWHERE, ...options });
    const { sent, fault } = await sendThrough(t, `${scheme}://${ELSEWHERE}:${office.port}`);
    assert.deepEqual([sent, office.raw], [false, []]);
    assert.match(fault, /^E/);
  });

  test(`${scheme}: a certificate that is trusted gets the mail, over TLS`, async (t) => {
    trust(t);
    const secured: boolean[] = [];
    const office = await openPostOffice(t, {
      host: ELSEWHERE,
      ...options,
      onMailFrom(_address, session, done) {
        secured.push(session.secure === true);
        done();
      },
    });
    const { sent, fault } = await sendThrough(t, `${scheme}://${ELSEWHERE}:${office.port}`);
    assert.deepEqual([sent, fault, secured], [true, '', [true]]);
  });
}

test('smtp: a server elsewhere that offers no STARTTLS gets neither mail nor password', async (t) => {
  const asked: string[] = [];
  const office = await openPostOffice(t, {
    host: ELSEWHERE,
    allowInsecureAuth: true,
    onAuth(auth, _session, done) {
      asked.push(String(auth.password));
      done(null, { user: 'portal' });
    },
  });
  const { sent } = await sendThrough(t, `smtp://portal:hush-hush@${ELSEWHERE}:${office.port}`);
  assert.deepEqual([sent, office.raw, asked], [false, [], []]);
});

for (const [password, isRight] of [
  ['hush-hush', true],
  ['wrong-one', false],
] as const) {
  test(`a ${isRight ? 'right' : 'wrong'} password of the mail server is in no line of the log`, async (t) => {
    const office = await openPostOffice(t, {
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) =>
        auth.password === 'hush-hush' ? done(null, { user: 'portal' }) : done(new Error(`no such ${auth.password}`)),
    });
    const { sent, fault, log } = await sendThrough(t, `smtp://portal:${password}@127.0.0.1:${office.port}`);
    assert.equal(sent, isRight);
    if (!isRight) assert.match(fault, /^EAUTH AUTH/);
    assert.ok(log.length > 0);
    for (const line of log) assert.doesNotMatch(line, /hush|wrong-one|no such/);
  });
}
