import assert from 'node:assert/strict';
import { AUDIT_ACTIONS, type AuditAction } from '#core/audit/actions.ts';
import { tokenHash } from '#core/values/token.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { countRecoveryCodesLeft } from '#store/authenticators/recovery-codes.ts';
import { codeCounter, passkeyCounter, recoveryCounter } from './counters.ts';
import { unusedCodes } from './effects.ts';
import { provableKinds } from './factors.ts';
import { codesWait, isAtSetUp, isEnrolled, isLivePending, isLiveSession, type Model, stateOf } from './model.ts';
import { agreeOnCodes, agreeOnPortals } from './portal-agreement.ts';
import type { NodeIndex, Real } from './real.ts';
import type { App, Passkey, Pending, Session } from './rows.ts';

/** Checks on a node everything that the model knows, and that deleted things are gone. */
export async function agree(
  model: Model,
  real: Real,
  on: { node: NodeIndex; events: readonly string[] },
): Promise<void> {
  const { node, events } = on;
  // The model does not know the mail limit of an address: `test/mail` tests it.
  const successes = (await successesNow(model, real, node)).filter((action) => action !== 'mail.held_back');
  assert.deepEqual(successes, [...events].sort(), 'the audit log has each success once');
  for (const session of model.sessions) await agreeOnSession(model, real, node, session);
  for (const pending of model.pendings) await agreeOnPending(model, real, node, pending);
  await agreeOnPeople(model, real, node);
  await agreeOnChallenges(model, real, node);
  await agreeOnPortals(model, real, node, seenDead);
  await real.settle(node);
}

/** At the end: no token that died opens anything. */
export async function agreeOnTheDead(model: Model, real: Real): Promise<void> {
  seenDead.clear();
  for (const { kind, token } of model.outworn) {
    if (kind === 'session') await assertDead(model, real, 0, token);
    else await assertPendingPage(model, real, 0, { token });
  }
  for (const session of model.sessions) await agreeOnSession(model, real, 0, session);
  for (const pending of model.pendings) await agreeOnPending(model, real, 1, pending);
  await agreeOnPortals(model, real, 0, seenDead);
  await agreeOnCodes(model, real);
}

/** Checked once when they died, and again at the end. Otherwise the cost grows with the square of the sequence. */
const seenDead = new Set<string>();

async function agreeOnSession(model: Model, real: Real, node: NodeIndex, session: Session): Promise<void> {
  const { token, channel, person } = session;
  if (!isLiveSession(model, session)) return assertDead(model, real, node, token);
  if (channel === 'page') {
    const { status, location } = await real.get(node, pageWith(model, { session }), '/');
    const expected = codesWait(model, session) ? [303, '/enroll/recovery-codes'] : [200, undefined];
    assert.deepEqual([status, location], expected, 'the page of a live session');
  } else {
    const { status, body } = await real.call(model, node, { method: 'GET', path: '/session', token });
    assert.equal(status, 200, 'a session that the model knows is open');
    const user = body.user as { email: string };
    const { amr, expiresAt, authTime } = body;
    assert.deepEqual(
      { email: user.email, amr, expiresAt: secondsOf(expiresAt), authTime: secondsOf(authTime) },
      { email: person.email, amr: session.amr, expiresAt: session.expiresAt, authTime: session.authTime },
    );
  }
  if (model.now - session.lastSeenAt >= 60) session.lastSeenAt = model.now;
}

async function assertDead(model: Model, real: Real, node: NodeIndex, token: string): Promise<void> {
  if (seenDead.has(token)) return;
  seenDead.add(token);
  const { status } = await real.call(model, node, { method: 'GET', path: '/session', token });
  assert.equal(status, 401, 'a session that the model does not know is closed');
  const page = await real.get(node, pageWith(model, { session: { token } }), '/');
  assert.equal(page.location, '/sign-in?return_to=%2F', 'and so are its pages');
}

async function agreeOnPending(model: Model, real: Real, node: NodeIndex, pending: Pending): Promise<void> {
  const { token, channel } = pending;
  const lives = isLivePending(model, pending);
  if (!lives && seenDead.has(token)) return;
  if (!lives) seenDead.add(token);
  if (channel === 'page') {
    const step = isAtSetUp(pending) ? '/enroll' : '/sign-in/one-time-code';
    return assertPendingPage(model, real, node, { token, ...(lives && { step }) });
  }
  const { status, body } = await real.call(model, node, { method: 'GET', path: '/sign-in', token });
  if (!lives) return assert.equal(status, 401, 'a pending sign-in that the model does not know is dead');
  const { state, methods, expiresAt } = body;
  assert.deepEqual(
    { status, state, methods, expiresAt: secondsOf(expiresAt) },
    { status: 200, state: stateOf(model, pending), methods: methodsOf(model, pending), expiresAt: pending.expiresAt },
  );
}

/** A pending sign-in in a browser leads to one of its two steps, a dead one to neither. */
async function assertPendingPage(model: Model, real: Real, node: NodeIndex, at: { token: string; step?: string }) {
  const { status, location } = await real.get(node, pageWith(model, { pending: at }), '/enroll');
  const step = status === 200 ? '/enroll' : location === '/sign-in/one-time-code' ? location : undefined;
  assert.equal(step, at.step, 'the step of the pending sign-in of a page');
}

/** The methods that work now: without paused or disabled ones, and without recovery codes if none is left. */
export function methodsOf(model: Model, { person, deviceId, proven }: Asked): string[] {
  const { id } = person;
  if (!isEnrolled(person) || proven !== undefined) return [];
  const { counters, now } = model;
  const recovery = counters.isOpen(recoveryCounter(id, deviceId), now) && unusedCodes(person).length > 0;
  const isOpen = {
    totp: counters.isOpen(codeCounter(id, deviceId), now),
    passkey: counters.check([passkeyCounter(id, deviceId)], now).length === 0,
  };
  return [...provableKinds(model, person).filter((kind) => isOpen[kind]), ...(recovery ? ['recovery_code'] : [])];
}

type Asked = Pick<Pending, 'person' | 'deviceId'> & { readonly proven?: Pending['proven'] };

/** Each challenge that can be answered has its row, and no other has one that is not over. */
async function agreeOnChallenges({ passkeys, now }: Model, real: Real, node: NodeIndex): Promise<void> {
  const byHash = new Map(passkeys.challenges.map((one) => [tokenHash(one.options.challenge), one]));
  if (byHash.size === 0) return;
  const rows = await real
    .world(node)
    .env.db.read.selectFrom('passkey_challenges')
    .select('challenge_hash')
    .where('challenge_hash', 'in', [...byHash.keys()])
    .where('expires_at', '>', now)
    .execute();
  const live = [...byHash].filter(([, { gone, expiresAt }]) => !gone && now < expiresAt).map(([hash]) => hash);
  assert.deepEqual(rows.map(({ challenge_hash }) => challenge_hash).sort(), live.sort(), 'the challenges that wait');
}

async function agreeOnPeople({ people }: Model, real: Real, node: NodeIndex): Promise<void> {
  const { read } = real.world(node).env.db;
  for (const person of people) {
    const found = await factorsOf(read, person.id);
    assert.deepEqual(rowsOf(found?.all ?? []), rowsOf(person.factors), 'the authenticators, and what each used last');
    const budgets = new Set(found?.all.map(({ budgetId }) => budgetId));
    assert.ok(budgets.size <= 1, 'one budget of tries for all apps');
    assert.equal(await countRecoveryCodesLeft(read, person.id), unusedCodes(person).length, 'recovery codes left');
  }
}

type Row = Pick<App, 'kind' | 'slot' | 'name' | 'lastUsedAt' | 'lastUsedStep'> | Key;
type Key = Pick<Passkey, 'kind' | 'slot' | 'name' | 'lastUsedAt' | 'credentialId' | 'isSynced' | 'counter'>;

/** By kind and slot. A row is older than its confirmation, so its id says nothing about the order. */
function rowsOf(all: readonly Row[]): readonly string[] {
  return all
    .map((one) => {
      const { kind, slot, name, lastUsedAt } = one;
      const used = one.kind === 'totp' ? one.lastUsedStep : [one.credentialId, one.isSynced, one.counter].join(' ');
      return [kind, slot, name, lastUsedAt, used].join(' ');
    })
    .sort();
}

/** The success events since the clock has its present value, of these people and their partner. */
async function successesNow({ now, people }: Model, real: Real, node: NodeIndex): Promise<string[]> {
  const { read } = real.world(node).env.db;
  const ids = people.map(({ id }) => id);
  const rows = await read
    .selectFrom('audit_events')
    .select(['action', 'subject'])
    // Ids sort by age. This is the first possible id of this second.
    .where('id', '>=', idsFrom(now))
    .execute();
  const ours = rows.filter(({ subject }) => subject === null || ids.includes(subject));
  const isSuccess = (action: string) => AUDIT_ACTIONS[action as AuditAction].outcome === 'success';
  return ours
    .map(({ action }) => action)
    .filter((action) => isSuccess(action) && action !== 'server.clock_suspected')
    .sort();
}

function idsFrom(now: number): string {
  const time = (now * 1000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}

function pageWith({ apiAddress }: Model, cookies: { session?: { token: string }; pending?: { token: string } }) {
  return { address: apiAddress, ...cookies };
}

function secondsOf(instant: unknown): number {
  return Date.parse(String(instant)) / 1000;
}
