import { challengeIn, counterIn } from '../factors/passkey-verbs.ts';
import { secretIn } from '../factors/trust-verbs.ts';
import { isAcknowledged, isUnknown, type Operation, type Verb } from '../journal.ts';
import { hashOfToken, type Person } from '../people.ts';
import type { Service } from '../service.ts';
import { type Finding, finding } from './finding.ts';
import { newestTrust } from './trust-probes.ts';

/** Compares the rows of passkeys, challenges and trusted devices with the journal. */
export async function checkFactors(
  service: Service,
  people: readonly Person[],
  journal: readonly Operation[],
): Promise<readonly Finding[]> {
  return [
    ...(await challengesLeft(service, journal)),
    ...(await passkeysLost(service, journal)),
    ...(await countersBack(service, people, journal)),
    ...(await secretsLost(service, people, journal)),
  ];
}

const SIGNED: readonly Verb[] = ['passkey', 'passkey_alone', 'add_passkey'];

/** An accepted challenge has no row, so nothing can be signed for it again. */
async function challengesLeft({ storage }: Service, journal: readonly Operation[]): Promise<readonly Finding[]> {
  const rows = await storage.rows('select challenge_hash from passkey_challenges');
  const open = new Set(rows.map(({ challenge_hash }) => String(challenge_hash)));
  return journal
    .filter((operation) => SIGNED.includes(operation.verb) && isAcknowledged(operation))
    .filter(({ item }) => open.has(hashOfToken(challengeIn(item))))
    .map(({ email, verb }) => finding('I2', email, `${verb}: its challenge was accepted and is open`));
}

/** An added passkey has its row, a removed one has none. */
async function passkeysLost({ storage }: Service, journal: readonly Operation[]): Promise<readonly Finding[]> {
  const rows = await storage.rows('select id, credential_id from passkeys');
  const ids = new Set(rows.flatMap(({ id, credential_id }) => [String(id), String(credential_id)]));
  return journal.filter(isAcknowledged).flatMap(({ email, verb, item }) => {
    if (verb === 'add_passkey' && !ids.has(String(JSON.parse(item).creation.id))) {
      return [finding('I1', email, 'a passkey was added and has no row')];
    }
    return verb === 'remove_passkey' && ids.has(item)
      ? [finding('I1', email, 'a passkey was removed and is there')]
      : [];
  });
}

/** The stored counter is never behind one that was accepted. */
async function countersBack({ storage }: Service, people: readonly Person[], journal: readonly Operation[]) {
  const rows = await storage.rows('select user_id, counter from passkeys where synced = 0');
  const stored = new Map(rows.map(({ user_id, counter }) => [String(user_id), Number(counter)]));
  const accepted = Map.groupBy(
    journal.filter((one) => (one.verb === 'passkey' || one.verb === 'passkey_alone') && isAcknowledged(one)),
    ({ email }) => email,
  );
  return people.flatMap(({ email, userId }) => {
    const counters = accepted.get(email)?.map(({ item }) => counterIn(item)) ?? [];
    const [least, now] = [Math.max(0, ...counters), stored.get(userId)];
    return now !== undefined && now < least ? [finding('I1', email, `counter ${now}, and ${least} was accepted`)] : [];
  });
}

/** A trusted device has the secret that was answered last, or an event says why it ended. */
async function secretsLost({ storage }: Service, people: readonly Person[], journal: readonly Operation[]) {
  const rows = await storage.rows('select user_id, secret_hash from trusted_devices');
  const hashes = new Map(rows.map(({ user_id, secret_hash }) => [String(user_id), String(secret_hash)]));
  const events = await storage.rows("select subject from audit_events where action = 'trusted_device.ended'");
  const ended = new Set(events.map(({ subject }) => String(subject)));
  const sent = Map.groupBy(journal, ({ email }) => email);
  return people
    .filter(({ trust }) => trust !== '')
    .flatMap((person) => {
      const { email, userId } = person;
      const own = sent.get(email) ?? [];
      const hash = hashes.get(userId);
      if (hash === undefined) return ended.has(userId) ? [] : [finding('I1', email, 'a trusted device is gone')];
      const isSettled = !own.some((one) => one.verb === 'trusted_device' && isUnknown(one));
      const isNewest = hash === hashOfToken(secretIn(newestTrust(person, own)));
      return isSettled && !isNewest ? [finding('I1', email, 'a trusted device has another secret than answered')] : [];
    });
}
