import { skip, startEnrollment } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  ANA,
  enrolledAna,
  FLOOD,
  FLOOD_ADDRESS,
  firstPath,
  form,
  invitationPath,
  NEW_PASSWORD,
  NO_CODE,
  type Place,
  pendingToken,
  resetPath,
  type Status,
} from './hash-flood-story.ts';
import { wrongCode } from './limits-story.ts';

export const PLACES: readonly Place[] = [
  {
    what: 'an invitation with an empty name',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await invitationPath(stage), { name: '', password: NEW_PASSWORD }),
  },
  {
    what: 'an invitation',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await invitationPath(stage), { name: 'Ana', password: NEW_PASSWORD }),
  },
  {
    what: 'the link of the first administrator with a wrong email',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form(stage.world.person(FLOOD_ADDRESS), await firstPath(stage), {
        email: 'x',
        name: 'Rita',
        password: NEW_PASSWORD,
      }),
  },
  {
    what: 'the link of the first administrator',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) => {
      const fields = { email: 'rita@portal.example', name: 'Rita', password: NEW_PASSWORD };
      return form(stage.world.person(FLOOD_ADDRESS), await firstPath(stage), fields);
    },
  },
  {
    what: 'a link to set a password, with one that is too short',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) => form(stage.world.person(FLOOD_ADDRESS), await resetPath(stage), { password: 'short' }),
  },
  {
    what: 'a link to set a password',
    ...{ passwords: 1, codes: 0 },
    begin: async (stage) => form(stage.world.person(FLOOD_ADDRESS), await resetPath(stage), { password: NEW_PASSWORD }),
  },
  {
    what: 'the way back to an old email',
    ...{ passwords: 0, codes: 0 },
    async begin(stage) {
      const { browser } = await enrolledAna(stage);
      await browser.post('/security/email', { email: 'new@acme.example', current: PASSWORD });
      const linkOf = async (kind: string) =>
        new URL((await stage.world.mail()).find((mail) => mail.kind === kind)?.link ?? '').pathname;
      await browser.post(await linkOf('email_confirm'));
      return form(stage.world.person(FLOOD_ADDRESS), await linkOf('email_changed'));
    },
  },
  {
    what: 'new recovery codes',
    ...{ passwords: 0, codes: 100 },
    begin: async (stage) => form((await enrolledAna(stage)).browser, '/security/recovery-codes'),
  },
  {
    what: 'a change of password with a new one that is too short',
    ...{ passwords: 0, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/password', { current: PASSWORD, new: 'short' }),
  },
  {
    what: 'a change of password with a wrong current one',
    ...{ passwords: 10, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/password', { current: 'wrong', new: NEW_PASSWORD }),
  },
  {
    what: 'a change of email with the right password',
    ...{ passwords: FLOOD, codes: 0 },
    begin: async (stage) =>
      form((await enrolledAna(stage)).browser, '/security/email', { email: 'new@acme.example', current: PASSWORD }),
  },
  {
    what: 'a step-up by a wrong password',
    ...{ passwords: 10, codes: 0 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      await skip(browser);
      world.clock.at += 10 * 60;
      return form(browser, '/step-up', { password: 'wrong' });
    },
  },
  {
    what: 'a step-up by a wrong recovery code',
    ...{ passwords: 0, codes: 10 },
    async begin(stage) {
      const { browser } = await enrolledAna(stage);
      stage.world.clock.at += 10 * 60;
      return form(browser, '/step-up/recovery-code', { code: NO_CODE });
    },
  },
  {
    what: 'wrong passwords for whatever emails, on the page',
    ...{ passwords: 20, codes: 0 },
    async begin({ world }) {
      const sends: (() => Promise<Status>)[] = [];
      for (let index = 0; index < FLOOD; index++) {
        const fields = { email: `guess${index}@acme.example`, password: 'wrong' };
        sends.push(await form(world.person(FLOOD_ADDRESS), '/sign-in', fields));
      }
      return (index) => sends[index]?.() ?? Promise.reject(new Error('no such form'));
    },
  },
  {
    what: 'wrong passwords for whatever emails, over the API',
    ...{ passwords: 20, codes: 0 },
    begin:
      async ({ world }) =>
      (index) => {
        const body = { email: `guess${index}@acme.example`, password: 'wrong' };
        return world.api('POST', '/api/v1/sign-in', body, undefined, FLOOD_ADDRESS);
      },
  },
  {
    what: 'wrong recovery codes at sign-in',
    ...{ passwords: 0, codes: 5 },
    async begin(stage) {
      await enrolledAna(stage);
      const browser = stage.world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      return form(browser, '/sign-in/recovery-code', { code: NO_CODE });
    },
  },
  {
    what: 'wrong recovery codes over the API',
    ...{ passwords: 0, codes: 5 },
    async begin(stage) {
      await enrolledAna(stage);
      const token = await pendingToken(stage.world);
      return () => stage.world.api('POST', '/api/v1/sign-in/recovery-code', { code: NO_CODE }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'the confirmation of a set-up',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      const code = world.totp(await startEnrollment(browser));
      return form(browser, '/enroll/authenticator', { code });
    },
  },
  {
    what: 'the confirmation of a set-up over the API',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const token = await pendingToken(world);
      const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = world.totp(String(body.secret));
      return () => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'a wrong confirmation of a set-up',
    ...{ passwords: 0, codes: 0 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const token = await pendingToken(world);
      const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = wrongCode(world, String(body.secret));
      return () => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, FLOOD_ADDRESS);
    },
  },
  {
    what: 'the first authenticator of a session',
    ...{ passwords: 0, codes: 10 },
    async begin({ world, partnerId }) {
      await world.addUser({ email: ANA, partnerId });
      const browser = world.person(FLOOD_ADDRESS);
      await browser.signIn(ANA);
      await skip(browser);
      await browser.get('/step-up');
      await browser.post('/step-up', { password: PASSWORD });
      await browser.get('/security/authenticator');
      await browser.post('/security/authenticator/start');
      const { text } = await browser.get('/security/authenticator');
      const code = world.totp(/secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '');
      return form(browser, '/security/authenticator', { code });
    },
  },
];
