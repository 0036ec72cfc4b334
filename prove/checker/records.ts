import { isAcknowledged, type Operation, type Verb } from '../journal.ts';
import { otherEmail, type Person } from '../people.ts';
import type { Service } from '../service.ts';
import type { Row } from '../storage.ts';
import { halfEnrolled } from './enrolled.ts';
import { checkFactors } from './factor-records.ts';
import { type Finding, finding } from './finding.ts';

/** Verbs that never succeed, or that are no request. */
type Uneventful = 'guess' | 'reset_mfa' | 'copied_passkey';

/** The events of one request that carried out the verb, each once. */
const EVENTS: Readonly<Record<Exclude<Verb, Uneventful>, readonly string[]>> = {
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
  step_up: ['step_up.proven'],
  passkey: ['sign_in.passkey_accepted', 'sign_in.completed'],
  passkey_alone: ['sign_in.passkey_accepted', 'sign_in.completed'],
  add_passkey: ['passkey.enrolled', 'sessions.ended_others'],
  remove_passkey: ['passkey.removed', 'sessions.ended_others'],
  trusted_device: ['sign_in.password_accepted', 'trusted_device.used', 'sign_in.completed'],
};

/** The verbs that nobody was told a success of. A driver whose requests are all refused would prove nothing. */
export function neverDone(journal: readonly Operation[]): readonly Finding[] {
  const done = new Set(journal.filter(isAcknowledged).map(({ verb }) => verb));
  const all = [...(Object.keys(EVENTS) as Verb[]), 'reset_mfa' as const];
  return all.filter((verb) => !done.has(verb)).map((verb) => finding('I5', 'everybody', `${verb}: never succeeded`));
}

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
    ...(await checkFactors(service, people, journal)),
    ...(await halfChanged(service, people, events)),
    ...(await storage.damage()).map((line) => finding('I3', 'database', line)),
    ...(await brokenChain(service)),
  ];
}

function acknowledgedWithoutEvent(journal: readonly Operation[], events: readonly Row[]): readonly Finding[] {
  const byRequest = Map.groupBy(events, ({ request_id }) => String(request_id));
  return journal.filter(isAcknowledged).flatMap(({ email, verb, answer }) => {
    if (verb === 'guess' || verb === 'reset_mfa' || verb === 'copied_passkey') return [];
    const written = (byRequest.get(answer?.requestId ?? '') ?? []).map(({ action }) => String(action));
    return EVENTS[verb].flatMap((action) => {
      const count = written.filter((one) => one === action).length;
      return count === 1 ? [] : [finding('I1', email, `${verb}: acknowledged, and ${count} events ${action}`)];
    });
  });
}

/** What writes each event: a set-up also creates recovery codes. */
const LIMITS: readonly (readonly [Verb, string, ...Verb[]])[] = [
  ['one_time_code', 'sign_in.code_accepted'],
  ['recovery_code', 'recovery_code.used'],
  ['enroll', 'totp.enrolled'],
  ['renew_codes', 'recovery_codes.created', 'enroll'],
  ['change_password', 'password.changed'],
  ['reset_mfa', 'user.mfa_reset'],
  ['access_code', 'access_code.accepted'],
  ['set_password', 'password.reset'],
  ['accept_invitation', 'invitation.accepted'],
  ['change_email', 'email.changed'],
  ['revert_email', 'email.reverted'],
  ['passkey', 'sign_in.passkey_accepted', 'passkey_alone'],
  ['step_up', 'step_up.proven'],
  ['add_passkey', 'passkey.enrolled'],
  ['remove_passkey', 'passkey.removed'],
  ['trusted_device', 'trusted_device.used'],
];

/** Events record what was done, answered or not, but at most once for each different value that was sent. */
function doneMoreOftenThanSent(
  people: readonly Person[],
  journal: readonly Operation[],
  events: readonly Row[],
): readonly Finding[] {
  const sent = Map.groupBy(journal, ({ email }) => email);
  const done = Map.groupBy(events, ({ subject }) => String(subject));
  return people.flatMap(({ email, userId }) =>
    LIMITS.flatMap(([verb, action, ...others]) => {
      const tries = (sent.get(email) ?? []).filter((one) => one.verb === verb || others.includes(one.verb));
      const most = new Set(tries.map(({ item }) => item)).size;
      const least = verb === 'reset_mfa' ? tries.filter(isAcknowledged).length : 0;
      const count = (done.get(userId) ?? []).filter((event) => event.action === action).length;
      if (count > most) return [finding('I4', email, `${action} ${count} times, ${most} were sent`)];
      return count < least ? [finding('I1', email, `${action} ${count} times, ${least} were acknowledged`)] : [];
    }),
  );
}

async function sessionsWithoutEvent({ storage }: Service, people: readonly Person[], events: readonly Row[]) {
  const prepared = new Set(people.flatMap(({ sessionIds }) => sessionIds));
  const completed = events.filter(({ action }) => action === 'sign_in.completed');
  const ids = Map.groupBy(completed, ({ detail }) => String(JSON.parse(String(detail)).sessionId));
  const sessions = await storage.rows('select id, user_id from sessions');
  return sessions
    .filter(({ id }) => !prepared.has(String(id)))
    .flatMap(({ id, user_id }) => {
      const count = ids.get(String(id))?.length ?? 0;
      return count === 1 ? [] : [finding('I3', String(user_id), `a session with ${count} events sign_in.completed`)];
    });
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

async function brokenChain(service: Service): Promise<readonly Finding[]> {
  try {
    await service.command(['audit', 'verify']);
    return [];
  } catch (error) {
    return [finding('I1', 'audit chain', error instanceof Error ? error.message : String(error))];
  }
}
