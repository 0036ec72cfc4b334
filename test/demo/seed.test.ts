import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HISTORY_DAYS } from '#demo/history.ts';
import { seedDemo } from '#demo/seed.ts';
import { readAdoption } from '#features/console/adoption/adoption.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { listPeoplePage, type PersonRow } from '#store/people/people-pages.ts';
import { openWorld } from '../world.ts';

async function seeded(t: TestContext) {
  const { env } = await openWorld(t);
  const logins = await seedDemo(env);
  const partners = await env.db.read.selectFrom('partners').select('id').orderBy('slug').execute();
  const page = { after: undefined, limit: 1_000, now: env.now() };
  const people: PersonRow[] = [];
  for (const { id: partnerId } of partners) {
    people.push(...(await listPeoplePage(env.db.read, { partnerId, search: undefined, state: undefined }, page)));
  }
  return { env, logins, people };
}

test('the demo has a dozen companies with every policy, and people in every state', async (t) => {
  const { env, people } = await seeded(t);
  const { policies, overdue } = await readAdoption(env, 90);
  assert.equal(
    policies.reduce((sum, { partners }) => sum + partners, 0),
    12,
  );
  const kinds = policies.map(({ policy, isAhead }) => `${policy}${isAhead ? ' ahead' : ''}`).toSorted();
  assert.deepEqual(kinds, ['off', 'optional', 'required', 'required ahead']);
  const states = new Set<string>(people.map(({ state }) => state));
  assert.deepEqual([...states].toSorted(), ['active', 'disabled', 'invited']);
  assert(people.some(({ enrolledAt }) => enrolledAt !== undefined));
  assert(people.some(({ exemptUntil = 0 }) => exemptUntil > env.now()));
  assert(overdue.partners > 1);
});

test('the charts of the demo show three months, from nobody with an authenticator to most', async (t) => {
  const { env } = await seeded(t);
  await sealAuditTail(env);
  const { days, proofs, refusals } = await readAdoption(env, 90);
  assert.equal(days.length, HISTORY_DAYS + 1);
  const [first, last] = [days[0], days.at(-1)];
  assert(first && last && first.enrolled === 0 && last.enrolled > last.people / 2);
  assert(proofs.length >= 3 && refusals.length >= 3);
});

test('the audit log of the demo is as the service writes it', async (t) => {
  const { env } = await seeded(t);
  await sealAuditTail(env);
  const { intact, events } = await verifyAudit(env);
  assert(intact && events > 1_000);
});

test('the demo is the same each time, and only its secrets differ', async (t) => {
  const [one, other] = [await seeded(t), await seeded(t)];
  const shown = ({ people }: typeof one) =>
    people.map(({ email, name, role, state, enrolledAt, lastSignInAt }) => ({
      email,
      name,
      role,
      state,
      enrolledAt,
      lastSignInAt,
    }));
  assert.deepEqual(shown(one), shown(other));
  const passwords = [...one.logins, ...other.logins].map(({ password }) => password);
  assert.equal(new Set(passwords).size, 8);
});
