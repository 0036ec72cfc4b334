import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Act, act, assertRefused, type Drawn, type Events, type On, ordinal, pick } from '../act.ts';
import { emailChangeCounter } from '../counters.ts';
import { addLink, endOthers, forgetDevices, newId, revokeLinks, signOutHere } from '../effects.ts';
import { inside, refusedForStepUp } from '../inside.ts';
import { DAY, isLiveLink, isSteppedUp, MINUTE, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Link, Person } from '../rows.ts';
import { tryPassword } from './security.ts';

/** An unused email, another person's, one that a person gave up, and the own one. */
const WANTED = ['fresh', 'fresh', 'fresh', 'taken', 'given up', 'own'] as const;

const askForEmail = inside(
  'ask for another email',
  fc.record({ wanted: fc.constantFrom(...WANTED), right: fc.constantFrom(true, true, true, false) }),
  async (model, real, { wanted, right, ...on }) => {
    const { session, browser, node } = on;
    const { person } = session;
    const isUp = isSteppedUp(model, session);
    const email = emailLike(model, person, wanted);
    const refused = isUp && email !== person.email ? tryPassword(model, on, right) : [];
    const current = (right && person.password) || 'not the password of anybody';
    const answer = await real.post(node, browser, '/security/email', { email, current });
    if (!isUp) return refusedForStepUp(answer);
    const limit = email === person.email ? (['invalid_request'] as const) : refused;
    const codes = limit.length > 0 ? limit : model.counters.reserve([emailChangeCounter(person.id)], model.now);
    if (codes.length > 0) {
      assertRefused(answer, codes);
      return [];
    }
    // No answer reveals whether the email is taken. In that case the link goes to nobody.
    assert.equal(answer.location, '/security');
    revokeLinks(model, person, ['confirm']);
    if (!isFree(model, person, email)) return [];
    addLink(model, DAY, { purpose: 'confirm', person, email, path: await real.mailedLink(node, 'email_confirm') });
    return ['email.change_requested'];
  },
);

function emailLike(model: Model, person: Person, wanted: (typeof WANTED)[number]): string {
  const other = model.people.find((one) => one !== person);
  const [givenUp] = model.links.filter(({ purpose }) => purpose === 'revert');
  if (wanted === 'own') return person.email;
  if (wanted === 'taken' && other) return other.email;
  if (wanted === 'given up' && givenUp?.email !== undefined) return givenUp.email;
  return `moved${newId(model)}@${model.partner.slug}.example`;
}

/** Nobody has it, and no other person can still revert to it. */
function isFree({ people, links, now }: Model, person: Person, email: string): boolean {
  const isHeld = ({ purpose, dead, expiresAt, ...link }: Link) =>
    purpose === 'revert' && link.person !== person && link.email === email && !dead && now < expiresAt;
  return !people.some((one) => one.email === email) && !links.some(isHeld);
}

const confirmEmail = inside('confirm an email', fc.record({ which: ordinal }), async (model, real, on) => {
  const { session, browser, node } = on;
  const { person } = session;
  const links = linksTo(model, 'confirm');
  const own = links.filter((one) => one.person === person);
  // Mostly the newest of the person's own links, otherwise anyone's.
  const link = pick(on.which === 0 && own.length > 0 ? own : links, on.which);
  if (!link) return [];
  const { email } = link;
  const fits = link.person === person && isLiveLink(model, link) && email !== undefined && isFree(model, person, email);
  const answer = await real.post(node, browser, link.path);
  if (!fits) {
    assertRefused(answer, ['not_found']);
    return [];
  }
  assert.equal(answer.location, '/security');
  const path = await real.mailedLink(node, 'email_changed');
  revokeLinks(model, person);
  addLink(model, 3 * DAY, { purpose: 'revert', person, email: person.email, path });
  person.email = email;
  endOthers(model, person, session, { keepsTrust: true });
  return ['email.changed', 'sessions.ended_others'];
});

const goBack = withLink('revert', async (model, real, { link, browser, node }) => {
  const { person, email } = link;
  const isTaken = model.people.some((one) => one !== person && one.email === email);
  const { session } = browser;
  const answer = await real.post(node, browser, link.path);
  if (!isLiveLink(model, link) || isTaken || email === undefined) {
    assertRefused(answer, ['not_found']);
    return [];
  }
  assert.equal(answer.status, 303);
  assert.deepEqual([answer.cookies.session, answer.cookies.pending], [undefined, undefined], 'no sign-in by a link');
  link.dead = true;
  for (const later of model.links.slice(model.links.indexOf(link))) if (later.person === person) later.dead = true;
  Object.assign(person, { email, oldPassword: person.password, password: undefined });
  revokeLinks(model, person);
  endOthers(model, person);
  forgetDevices(model, person);
  addLink(model, 30 * MINUTE, { purpose: 'reset', person, path: await real.mailedLink(node, 'password_reset') });
  return ['email.reverted', ...signOutHere(model, session)];
});

type Following = On & { readonly link: Link; readonly browser: Browser };

/** Follows a link of that kind, dead or live, in one of the browsers. */
export function withLink(
  purpose: Link['purpose'],
  run: (model: Model, real: Real, on: Following) => Promise<Events>,
): fc.Arbitrary<Act> {
  return act({
    name: `follow a link: ${purpose}`,
    args: fc.record({ which: ordinal, at: fc.constantFrom(0, 1) }),
    check: (model) => linksTo(model, purpose).length > 0,
    run: (model, real, { which, at, node }) => {
      const link = pick(linksTo(model, purpose), which);
      const browser = model.browsers[at];
      assert(link && browser);
      return run(model, real, { link, browser, node });
    },
  });
}

function linksTo({ links }: Readonly<Model>, wanted: Link['purpose']): readonly Link[] {
  return links.filter(({ purpose }) => purpose === wanted);
}

export const EMAIL_ACTS: readonly Drawn[] = [
  { weight: 8, arbitrary: askForEmail },
  { weight: 14, arbitrary: confirmEmail },
  { weight: 6, arbitrary: goBack },
];
