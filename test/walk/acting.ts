import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import { ACT_STEP_UP_AGE_SECONDS, STEP_UP_AGE_SECONDS } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { addApiKey, endApiKey } from '#flows/administration/api-keys.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { changeRole, disableUser } from '#flows/administration/person-acts.ts';
import { makeFormToken } from '#http/pages/form.ts';
import type { ApiRoute, Guard, PageRoute } from '#http/route.ts';
import { TABLES } from '#store/engine/tables.ts';
import { setRole } from '#store/people/user-life.ts';
import { deleteSession } from '#store/sessions/endings.ts';
import { ORIGIN, openWorld, type World } from '../world.ts';
import { formBody, held } from './held-body.ts';

/** The sender of a request: a person or key that the guard allows, at a separate partner. */
export type Sender = {
  readonly userId: string;
  /** Of the session, the pending sign-in or the key. */
  readonly rowId: string;
  readonly token: string;
  readonly partner: { readonly id: string; readonly slug: string };
  /** Of the sender's authenticator, in base32; staff, managers and people with a session have one. */
  readonly secret: string;
  readonly email: string;
};

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** One world for the whole walk. Every sender is new. */
export async function openStage(t: Pick<TestContext, 'after'>) {
  const world = await openWorld(t);
  let senders = 0;

  async function enter(route: PageRoute | ApiRoute, enrolled = true): Promise<Sender> {
    senders += 1;
    const { guard, channel } = route;
    const name = `sender${senders}`;
    const partner = { ...(await world.addPartner({ slug: name, policy: 'optional' })), slug: name };
    const role = roleFor(guard);
    const isStaff = role === 'csm' || role === 'admin';
    const email = `${name}@walk.example`;
    const user = await world.addUser({ email, role, partnerId: isStaff ? undefined : partner.id });
    const secret = enrolled ? await world.addAuthenticator(user.id) : '';
    const held = { userId: user.id, partner, secret, email };
    if (guard.startsWith('apiKey:')) return { ...held, ...(await addKey(world, user.id, guard)) };
    const token = newToken(world.env.random);
    const rowId = await addRow(world, { guard, channel, userId: user.id, token });
    return { ...held, rowId, token };
  }

  return { world, enter };
}

function roleFor(guard: Guard) {
  if (guard.startsWith('manager')) return 'manager' as const;
  if (guard.startsWith('staffAdmin') || guard.startsWith('apiKey:')) return 'admin' as const;
  return guard.startsWith('staff') ? ('csm' as const) : ('member' as const);
}

async function addKey({ env }: World, makerId: string, guard: Guard) {
  const scope = SCOPES.find((one) => guard === `apiKey:${one}`);
  const typed = { name: 'walker', scopes: scope ? [scope] : [], expiresAt: undefined };
  const made = await addApiKey(env, 'command_line', typed);
  assert.ok(!isRefusal(made));
  const { id } = made.apiKey;
  // Used just now, so that no use is written beside the request.
  const values = { created_by: makerId, last_used_at: env.now() };
  await env.db.transaction((tx) => tx.updateTable('api_keys').set(values).where('id', '=', id).execute());
  return { rowId: id, token: made.key };
}

type Row = {
  readonly guard: Guard;
  readonly channel: 'page' | 'api';
  readonly userId: string;
  readonly token: string;
};

/** Seconds until the proof of a fresh sender is too old. */
const PROOF_LEFT = 2;

async function addRow({ env }: World, { guard, channel, userId, token }: Row): Promise<string> {
  const [id, now] = [env.newId(), env.now()];
  const born = { id, token_hash: tokenHash(token), channel, user_id: userId, created_at: now };
  const proofAge = guard === 'steppedUp' ? STEP_UP_AGE_SECONDS : ACT_STEP_UP_AGE_SECONDS;
  await env.db.transaction(async (tx) => {
    if (isOfPending(guard)) {
      const pending = { expires_at: now + 600, tries: 0, skippable: 1, device_id: null, return_to: null };
      const values = { ...born, ...pending, completed_at: null, completed_to: null };
      await tx.insertInto('pending_sign_ins').values(values).execute();
      return;
    }
    const session = {
      ...{ last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa', second_factor_at: now - 60, auth_time: now },
      ...{ step_up_at: now - proofAge + PROOF_LEFT, step_up_method: 'totp' as const, step_up_to: null },
      ...{ continue_to: '/', notice: null, device_id: null, address: null, user_agent: null },
    };
    await tx
      .insertInto('sessions')
      .values({ ...born, ...session })
      .execute();
  });
  return id;
}

/** One way to end a sender's right. */
export type Revocation = (stage: Stage, sender: Sender) => Promise<void>;

const REVOCATIONS = {
  disabled: async ({ world }, { userId }) => {
    const act = { id: userId, actor: 'command_line', reason: 'left the company' };
    assert.ok(!isRefusal(await disableUser(world.env, act)));
  },
  'signed out': async ({ world }, { userId, rowId }) => {
    assert.equal(await world.env.db.transaction((tx) => deleteSession(tx, rowId, userId)), 1);
  },
  'made a member': async ({ world }, { userId }) => {
    const change = { from: 'manager', to: 'member' } as const;
    assert.ok(await world.env.db.transaction((tx) => setRole(tx, userId, change)));
  },
  'made a customer success manager': async ({ world }, { userId }) => {
    const change = { id: userId, actor: 'command_line', to: 'csm' } as const;
    // At least one must be left.
    await world.addUser({ email: `left-${userId}@walk.example`, role: 'admin' });
    assert.ok(!isRefusal(await changeRole(world.env, change)));
  },
  'too late after their proof': async ({ world }) => {
    world.clock.at += PROOF_LEFT;
  },
  'of an archived partner': async ({ world }, { partner }) => {
    assert.ok(!isRefusal(await archivePartner(world.env, 'command_line', partner.id)));
  },
  revoked: async ({ world }, { rowId }) => {
    assert.ok(!isRefusal(await endApiKey(world.env, 'command_line', rowId)));
  },
} as const satisfies Readonly<Record<string, Revocation>>;

/** Every way in which a sender who passed this guard can lose the right. */
export function revocationsFor(guard: Guard): readonly (readonly [string, Revocation])[] {
  const names = Object.keys(REVOCATIONS) as (keyof typeof REVOCATIONS)[];
  return names.filter((name) => applies(name, guard)).map((name) => [name, REVOCATIONS[name]]);
}

function applies(name: keyof typeof REVOCATIONS, guard: Guard): boolean {
  const isKey = guard.startsWith('apiKey:');
  switch (name) {
    case 'disabled':
      return true;
    case 'revoked':
      return isKey;
    case 'signed out':
      return !isKey && !isOfPending(guard);
    case 'made a member':
      return guard.startsWith('manager');
    case 'made a customer success manager':
      return guard.startsWith('staffAdmin') || isKey;
    case 'too late after their proof':
      return guard.endsWith('teppedUp');
    case 'of an archived partner':
      return isOfPending(guard) || ['session', 'steppedUp', 'manager', 'managerSteppedUp'].includes(guard);
  }
}

/** With `maybePending` the walk sends a pending token: without one there is no right that could end. */
function isOfPending(guard: Guard): boolean {
  return guard === 'pendingSignIn' || guard === 'maybePending';
}

export type Sent = { readonly status: number; readonly location: string; readonly text: string };

/** How a request arrives: at once, or with its last byte held back until `meanwhile` is done. */
export async function send(
  { world }: Stage,
  route: PageRoute | ApiRoute,
  sender: Sender,
  request: { readonly path: string; readonly fields: Readonly<Record<string, unknown>>; readonly formCookie?: string },
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<Sent> {
  const { env, app } = world;
  const { formCookie = newToken(env.random) } = request;
  const isCall = route.channel === 'api';
  const name = route.guard === 'pendingSignIn' ? 'pending' : 'session';
  const cookie = `__Host-sallyport-${name}=${sender.token}; __Host-sallyport-form=${formCookie}`;
  const form_token = makeFormToken(env.keys, formCookie, sender.rowId, newToken(env.random));
  const { body, type } = isCall
    ? { body: JSON.stringify(request.fields), type: 'application/json' }
    : formBody({ form_token, ...(request.fields as Record<string, string>) });
  const proof = isCall ? { authorization: `Bearer ${sender.token}` } : { origin: ORIGIN, cookie };
  const headers = { ...proof, 'content-type': type };
  const init = { method: route.method, headers, body: held(body, meanwhile), duplex: 'half' } as const;
  const answer = await app.fetch(new Request(`${ORIGIN}${request.path}`, init), { remoteAddress: '192.0.2.7' });
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
}

/** Times of use that are written beside a request, and the target after a proof. */
const NOTED = ['last_seen_at', 'last_used_at', 'step_up_to'];

/** The audit log's data about refusals: events, and counts of similar ones. */
function isOfLog(table: string, row: Readonly<Record<string, unknown>>): boolean {
  if (table === 'attempts') return String(row.key).startsWith('address-refusals:');
  return table === 'refusal_counts' || (table === 'audit_events' && row.outcome !== 'success');
}

/** Every row of every table, but only the successes of the audit log. */
export async function everything({ world }: Stage): Promise<ReadonlyMap<string, string>> {
  const rows = new Map<string, string>();
  for (const [table, plan] of Object.entries(TABLES)) {
    if (plan.holds !== 'rows') continue;
    const name = table as keyof typeof TABLES;
    const found = await world.env.db.read.selectFrom(name).selectAll().execute();
    for (const row of found as Readonly<Record<string, unknown>>[]) {
      if (isOfLog(name, row)) continue;
      const text = JSON.stringify(row, (key, value) => (NOTED.includes(key) ? 0 : value));
      rows.set(`${name} ${row[plan.key]}`, text);
    }
  }
  return rows;
}

/** The rows that exist in only one of them, or differ. */
export function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).toSorted();
}
