import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyRing, loadKeyRing } from '#crypto/key-ring.ts';
import { isAcknowledged, type Operation, type Verb } from '../journal.ts';
import { hashOfToken, otherEmail, type Person } from '../people.ts';
import type { Service } from '../service.ts';
import type { Row } from '../storage.ts';
import { type Finding, finding } from './finding.ts';

/** The events of one request that carried out the verb, each once. */
const EVENTS: Readonly<Record<Exclude<Verb, 'guess' | 'reset_mfa'>, readonly string[]>> = {
  one_time_code: ['sign_in.code_accepted', 'sign_in.completed'],
  recovery_code: ['recovery_code.used', 'sign_in.completed'],
  enroll: ['totp.enrolled', 'recovery_codes.created', 'sign_in.completed'],
  renew_codes: ['recovery_codes.created', 'sessions.ended_others'],
  change_password: ['password.changed', 'sessions.ended_others'],
  end_others: ['sessions.ended_others'],
  sign_out: ['session.ended'],
  access_code: ['access_code.accepted'],
  set_password: ['password.reset', 'sessions.ended_others'],
  accept_invitation: ['invitation.accepted'],
  change_email: ['email.changed', 'sessions.ended_others'],
  revert_email: ['email.reverted'],
};

/** Compares the raw tables with the journal, and the tables with each other. */
export async function checkRecords(
  service: Service,
  people: readonly Person[],
  journal: readonly Operation[],
): Promise<readonly Finding[]> {
  const { storage } = service;
  const events = await storage.rows('select action, subject, request_id, detail from audit_events');
  return [
    ...acknowledgedWithoutEvent(journal, events),
    ...doneMoreOftenThanSent(people, journal, events),
    ...(await sessionsWithoutEvent(service, people, events)),
    ...(await halfEnrolled(service)),
    ...(await halfChanged(service, people, events)),
    ...(await storage.damage()).map((line) => finding('I3', 'database', line)),
    ...(await brokenChain(service)),
  ];
}

function acknowledgedWithoutEvent(journal: readonly Operation[], events: readonly Row[]): readonly Finding[] {
  const byRequest = Map.groupBy(events, ({ request_id }) => String(request_id));
  return journal.filter(isAcknowledged).flatMap(({ email, verb, answer }) => {
    if (verb === 'guess' || verb === 'reset_mfa') return [];
    const written = (byRequest.get(answer?.requestId ?? '') ?? []).map(({ action }) => String(action));
    return EVENTS[verb].flatMap((action) => {
      const count = written.filter((one) => one === action).length;
      return count === 1 ? [] : [finding('I1', email, `${verb}: acknowledged, and ${count} events ${action}`)];
    });
  });
}

/** Events record what was done, answered or not, but at most once for each different value that was sent. */
function doneMoreOftenThanSent(
  people: readonly Person[],
  journal: readonly Operation[],
  events: readonly Row[],
): readonly Finding[] {
  const sent = Map.groupBy(journal, ({ email }) => email);
  const done = Map.groupBy(events, ({ subject }) => String(subject));
  const limits: readonly [Verb, string][] = [
    ['one_time_code', 'sign_in.code_accepted'],
    ['recovery_code', 'recovery_code.used'],
    ['enroll', 'totp.enrolled'],
    ['renew_codes', 'recovery_codes.created'],
    ['change_password', 'password.changed'],
    ['reset_mfa', 'user.mfa_reset'],
    ['access_code', 'access_code.accepted'],
    ['set_password', 'password.reset'],
    ['accept_invitation', 'invitation.accepted'],
    ['change_email', 'email.changed'],
    ['revert_email', 'email.reverted'],
  ];
  return people.flatMap(({ email, userId }) =>
    limits.flatMap(([verb, action]) => {
      const tries = (sent.get(email) ?? []).filter((one) => one.verb === verb || isEnrolling(verb, one.verb));
      const most = new Set(tries.map(({ item }) => item)).size;
      const least = verb === 'reset_mfa' ? tries.filter(isAcknowledged).length : 0;
      const count = (done.get(userId) ?? []).filter((event) => event.action === action).length;
      if (count > most) return [finding('I4', email, `${action} ${count} times, ${most} were sent`)];
      return count < least ? [finding('I1', email, `${action} ${count} times, ${least} were acknowledged`)] : [];
    }),
  );
}

/** A set-up also creates recovery codes. */
function isEnrolling(verb: Verb, other: Verb): boolean {
  return verb === 'renew_codes' && other === 'enroll';
}

async function sessionsWithoutEvent({ storage }: Service, people: readonly Person[], events: readonly Row[]) {
  const prepared = new Set(people.flatMap(({ sessions, pageSession }) => [...sessions, pageSession].map(hashOfToken)));
  const completed = events.filter(({ action }) => action === 'sign_in.completed');
  const ids = Map.groupBy(completed, ({ detail }) => String(JSON.parse(String(detail)).sessionId));
  const sessions = await storage.rows('select id, user_id, token_hash from sessions');
  return sessions
    .filter(({ token_hash }) => !prepared.has(String(token_hash)))
    .flatMap(({ id, user_id }) => {
      const count = ids.get(String(id))?.length ?? 0;
      return count === 1 ? [] : [finding('I3', String(user_id), `a session with ${count} events sign_in.completed`)];
    });
}

/** An enrolled person has a secret that decrypts and a full set of recovery codes. Any other person has neither. */
async function halfEnrolled({ storage, settings, folder }: Service): Promise<readonly Finding[]> {
  const keys = ringOf(folder, settings);
  const authenticators = await storage.rows('select id, user_id, sealed_secret from authenticators');
  const codes = await storage.rows('select user_id, count(*) as codes from recovery_codes group by user_id');
  const enrolled = new Set(authenticators.map(({ user_id }) => String(user_id)));
  const whole = new Set(codes.filter((row) => Number(row.codes) === 10).map(({ user_id }) => String(user_id)));
  const coded = await storage.rows('select user_id from access_codes');
  const orphans = codes.map(({ user_id }) => String(user_id)).filter((id) => !enrolled.has(id));
  return [
    ...authenticators
      .filter((row) => !opens(keys, row))
      .map((row) => finding('I3', String(row.user_id), 'a dead secret')),
    ...[...enrolled]
      .filter((id) => !whole.has(id))
      .map((id) => finding('I3', id, 'enrolled without ten recovery codes')),
    ...orphans.map((id) => finding('I3', id, 'recovery codes without an authenticator')),
    ...coded
      .filter(({ user_id }) => enrolled.has(String(user_id)))
      .map(({ user_id }) => finding('I3', String(user_id), 'an access code beside the authenticator that it was for')),
  ];
}

/** An email has changed exactly if an event says so. A person who went back has the one link to a new password. */
async function halfChanged({ storage }: Service, people: readonly Person[], events: readonly Row[]) {
  const emails = new Map((await storage.rows('select id, email from users')).map(({ id, email }) => [id, email]));
  const links = await storage.rows("select user_id from links where purpose = 'reset' and used_at is null");
  const done = (userId: string, action: string) =>
    events.some((event) => event.subject === userId && event.action === action);
  return people.flatMap(({ userId, email }) => {
    const isReverted = done(userId, 'email.reverted');
    const isOther = emails.get(userId) === otherEmail(email);
    const isLinked = links.filter(({ user_id }) => user_id === userId).length === 1;
    if (isOther !== (isReverted || done(userId, 'email.changed'))) {
      return [finding('I3', email, `the email is ${isOther ? 'another' : 'the same'}, and the events say otherwise`)];
    }
    return isReverted && !isLinked ? [finding('I3', email, 'led back to an old email, and no link to a password')] : [];
  });
}

function opens(keys: KeyRing, { id, user_id, sealed_secret }: Row): boolean {
  const binding = { table: 'authenticators', rowId: String(id), userId: String(user_id) };
  try {
    return keys.open('totp', binding, String(sealed_secret)).length === 20;
  } catch {
    return false;
  }
}

function ringOf(folder: string, settings: Readonly<Record<string, string>>): KeyRing {
  const text = settings.SALLYPORT_KEYS ?? readFileSync(join(folder, 'data', 'keys'), 'utf8');
  const keys = loadKeyRing(text);
  if ('problem' in keys) throw new Error(keys.problem);
  return keys;
}

async function brokenChain(service: Service): Promise<readonly Finding[]> {
  try {
    await service.command(['audit', 'verify']);
    return [];
  } catch (error) {
    return [finding('I1', 'audit chain', error instanceof Error ? error.message : String(error))];
  }
}
