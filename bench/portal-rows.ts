import { clientDigest, clientText, eventProofText } from '#core/audit/chain.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { createIdSource } from '#crypto/random.ts';
import { partnerName, plainWord } from '#demo/names.ts';
import { chance, type MadePartner } from '#demo/people.ts';
import type { Env } from '#env.ts';
import { auditProof } from '#flows/runtime/append-event.ts';
import type { Schema } from '#store/engine/database.ts';

const DEVICES = [
  'Mozilla/5.0 (Windows NT 10.0) Firefox/152.0',
  'Mozilla/5.0 (iPhone) Safari/605',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/149.0',
];

/** The likely adoption of people, by the policy of their partner. */
const STAGES = [
  { until: 0.12, policy: 'off', ahead: false, adoption: 0.05 },
  { until: 0.3, policy: 'optional', ahead: false, adoption: 0.4 },
  { until: 0.5, policy: 'required', ahead: true, adoption: 0.65 },
  { until: 1, policy: 'required', ahead: false, adoption: 0.965 },
] as const;

export function partnerOf(env: Env, number: number, now: number): MadePartner {
  const drawn = chance(number * 7 + 1);
  const stage = STAGES.find(({ until }) => drawn < until) ?? STAGES[3];
  const today = now - (now % DAY_SECONDS);
  const days = stage.ahead ? 5 + Math.floor(chance(number * 7 + 2) * 60) : -Math.floor(chance(number * 7 + 2) * 120);
  const name = partnerName(number);
  return {
    adoption: stage.adoption,
    row: {
      ...{ id: env.newId(), slug: plainWord(name), name, mfa_policy: stage.policy },
      mfa_required_from: stage.policy === 'required' ? today + (days + 0.5) * DAY_SECONDS : null,
      created_at: now - 400 * DAY_SECONDS,
    },
  };
}

export type Signer = { readonly id: string; readonly partnerId: string; readonly isEnrolled: boolean };

const CLIENTS = 1_000;

/** The events of sign-ins, spread over the last month, oldest first. Most of them are successes. */
export function eventSource(env: Env, people: readonly Signer[], { count, now }: { count: number; now: number }) {
  let at = now - 30 * DAY_SECONDS;
  const newId = createIdSource(() => at * 1000);
  // Created once, because a salt and a digest for each event would double the cost.
  const clients = Array.from({ length: CLIENTS }, (_, number) => clientFrom(env, number));
  return (number: number): Schema['audit_events'] => {
    at = now - Math.floor((30 * DAY_SECONDS * (count - number)) / count);
    const person = people[Math.floor(chance(number * 3 + 1) * people.length)];
    const { action, outcome, detail } = happening(chance(number * 3 + 2), person?.isEnrolled ?? false);
    const actor = outcome === 'success' ? (person?.id ?? null) : null;
    const about = { subject: person?.id ?? null, partner: person?.partnerId ?? null };
    const event = { id: newId(), at, action, outcome, actor, ...about, detail };
    const client = clients[number % CLIENTS] as Client;
    const sealable = { ...event, requestId: null, clientDigest: client.client_digest };
    return { ...event, ...client, request_id: null, batch: null, proof: auditProof(env, eventProofText(sealable)) };
  };
}

type Client = { readonly client: string; readonly client_digest: string };

function clientFrom(env: Env, number: number): Client {
  const ip = `198.51.${number % 100}.${(number * 7) % 250}`;
  const client = clientText(env.random(16), { ip, userAgent: DEVICES[number % DEVICES.length] });
  return { client, client_digest: clientDigest(client) };
}

const REFUSALS = [
  ['sign_in.password_refused', '{"reason":"wrong_password"}', 0.5],
  ['sign_in.code_refused', '{"reason":"code_incorrect"}', 0.75],
  ['sign_in.code_refused', '{"reason":"code_expired"}', 0.87],
  ['sign_in.code_refused', '{"reason":"code_already_used"}', 0.92],
  ['sign_in.password_refused', '{"reason":"too_many_attempts"}', 0.96],
  ['recovery_code.refused', '{"reason":"recovery_code_incorrect"}', 1],
] as const;

function happening(drawn: number, isEnrolled: boolean) {
  if (drawn > 0.93) {
    const where = (drawn - 0.93) / 0.07;
    const [action, detail] = REFUSALS.find(([, , until]) => where < until) ?? REFUSALS[0];
    return { action, outcome: 'refusal', detail };
  }
  const amr = !isEnrolled ? '["pwd"]' : drawn < 0.02 ? '["pwd","mfa"]' : '["pwd","otp","mfa"]';
  return { action: 'sign_in.completed', outcome: 'success', detail: `{"amr":${amr}}` };
}
