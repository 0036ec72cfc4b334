import assert from 'node:assert/strict';
import { needsPasskey } from './factors.ts';
import { DAY, type Model } from './model.ts';
import type { Browser, Person, Trusted } from './rows.ts';

const AT_ONCE_SECONDS = 10;
const DEVICES_MOST = 5;

type Presented = { readonly id: string; readonly secret: string };

/** The parts of a browser's cookie, one for each person who trusts it. */
function presented({ trust = '' }: Browser): readonly Presented[] {
  return trust.split('.').flatMap((part) => {
    const [id, secret] = part.split(':');
    return id !== undefined && secret !== undefined ? [{ id, secret }] : [];
  });
}

function ownPart(model: Model, browser: Browser, person: Person) {
  const own = presented(browser).flatMap(({ id, secret }) => {
    const device = model.trust.devices.find((one) => one.id === id && one.person === person);
    return device && model.now < device.expiresAt ? [{ device, secret }] : [];
  });
  return own.at(-1);
}

/** What the cookie of a browser means after the right password of a person with an authenticator. */
export function judge(model: Model, browser: Browser | undefined, person: Person) {
  const own = browser && ownPart(model, browser, person);
  if (!browser || !own || !mayTrust(model, person)) return undefined;
  const { device, secret } = own;
  if (secret === device.secret) return { kind: 'current', device } as const;
  const isJustReplaced = secret === device.previous && model.now < device.usedAt + AT_ONCE_SECONDS;
  const kind = isJustReplaced && browser.address === device.address ? 'at_once' : 'reused';
  return { kind, device } as const;
}

function mayTrust(model: Model, person: Person): boolean {
  return model.trust.isAllowed && !person.isStaff && !needsPasskey(model, person);
}

/** The answer carried the next secret. */
export function noteUse(model: Model, browser: Browser, device: Trusted): void {
  const next = presented(browser).find(({ id }) => id === device.id)?.secret;
  assert(next !== undefined && next !== device.secret, 'a new secret for each use');
  Object.assign(device, { previous: device.secret, secret: next, usedAt: model.now, address: browser.address });
}

/** The device that a code has just replaced, before the answer changes the cookie. */
export function deviceHere(model: Model, browser: Browser | undefined, person: Person): Trusted | undefined {
  return browser && ownPart(model, browser, person)?.device;
}

/** After a code with the box checked. Answers its event; those of ends are queued. */
export function begin(model: Model, browser: Browser, person: Person, before: Trusted | undefined): readonly string[] {
  if (!mayTrust(model, person)) return [];
  if (before) endDevice(model, before);
  const made = presented(browser).at(-1);
  assert(made && model.trust.devices.every(({ id }) => id !== made.id), 'a row of its own');
  const { now } = model;
  const use = { previous: undefined, usedAt: now, address: browser.address, expiresAt: now + 30 * DAY };
  model.trust.devices.push({ ...made, person, ...use });
  const live = model.trust.devices.filter((one) => one.person === person && now < one.expiresAt);
  for (const oldest of live.slice(0, -DEVICES_MOST)) endDevice(model, oldest);
  return ['trusted_device.created'];
}

/** One device ends, with what it opened without a second factor. */
export function endDevice(model: Model, device: Trusted): void {
  forget(model, (one) => one === device);
  endOpened(model, (id) => id === device.id);
  model.trust.ended.push('trusted_device.ended');
}

/** Every device of a person, in an act that ends everything else of theirs too. */
export function endTrustOf(model: Model, person: Person): void {
  if (forget(model, (one) => one.person === person) > 0) model.trust.ended.push('trusted_device.ended');
}

/** Every device of the partner, and what they opened. */
export function endTrustOfAll(model: Model): void {
  const devices = forget(model, () => true);
  const sessions = endOpened(model, () => true);
  if (devices + sessions > 0) model.trust.ended.push('trusted_device.ended');
}

/** Without an event. */
export function forget(model: Model, isGone: (device: Trusted) => boolean): number {
  const kept = model.trust.devices.filter((device) => !isGone(device));
  return model.trust.devices.splice(0, Infinity, ...kept).length - kept.length;
}

function endOpened({ sessions, portals }: Model, isOf: (id: string) => boolean): number {
  const opened = sessions.filter(
    ({ ended, trusted, secondFactorAt }) =>
      !ended && trusted !== undefined && isOf(trusted) && secondFactorAt === undefined,
  );
  for (const session of opened) Object.assign(session, { ended: true, outlived: false });
  for (const grant of portals.grants) grant.ended ||= grant.trusted !== undefined && isOf(grant.trusted);
  return opened.length;
}
