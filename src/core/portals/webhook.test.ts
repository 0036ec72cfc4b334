import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { backoffSeconds, WEBHOOK_BACKOFF } from '#core/limits/backoff.ts';
import { newWebhookSecret, signatureHeader, WEBHOOK_PATIENCE_SECONDS } from './webhook.ts';

test('the signature is the one of the vector that the libraries of Standard Webhooks test themselves with', () => {
  const sent = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330, body: '{"test": 2432232314}' };
  const signed = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  assert.equal(signatureHeader([secret], sent), signed);
  const both = signatureHeader(['whsec_AAAA', secret], sent).split(' ');
  assert.deepEqual([both.length, both[1]], [2, signed], 'one for each secret, in the order of the secrets');
});

test('id, time and body are all signed', () => {
  const sent = { id: 'a', at: 1, body: 'b' };
  const other = [
    { ...sent, id: 'x' },
    { ...sent, at: 2 },
    { ...sent, body: 'x' },
  ];
  const signed = [sent, ...other].map((one) => signatureHeader(['whsec_AAAA'], one));
  assert.equal(new Set(signed).size, 4);
});

test('a secret has 256 bits, and no two are alike', () => {
  const [one, two] = [newWebhookSecret(randomBytes), newWebhookSecret(randomBytes)];
  assert.match(one, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(one, two);
});

const webhookBackoffSeconds = (tries: number) => backoffSeconds(WEBHOOK_BACKOFF, tries);

test('waits grow to four hours, and three days hold more than twenty tries', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 500].map(webhookBackoffSeconds), [
    ...[5, 25, 125, 625, 3125, 14_400, 14_400, 14_400],
  ]);
  let [at, tries] = [0, 0];
  while (at < WEBHOOK_PATIENCE_SECONDS) {
    tries += 1;
    at += webhookBackoffSeconds(tries);
  }
  assert.ok(tries > 20 && tries < 30, `${tries}`);
});
