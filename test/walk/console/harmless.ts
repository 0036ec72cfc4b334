const SIGN_IN = 'a step of the person’s own sign-in';
const PROOF = 'proves who the person is, and changes nothing';
const LINK = 'the page of a link that was mailed to the person, who chooses to open it';
const OWN = 'the person’s own new authenticator, which counts only after a code or an answer of it';
const ADDS = 'adds something: what is there stays as it is';
const PREPARES = 'only prepares: the next page shows what will happen, and asks';
const READS = 'reads, and changes nothing but the log of who read';
const EDITS = 'a form with the values that are kept now, each of which can be set again';
const LOOKS = 'how pages look, shown before it is saved, and it can be set again';
const LEAVES = 'ends what the person has just begun or is looking at';
const ANSWER = 'answers the question that another application asks the person';

/** Every form that need not ask again, and why. Whatever form is not here or below has to. */
export const HARMLESS: Readonly<Record<string, string>> = {
  '/consent': ANSWER,
  '/console/api-keys/new': ADDS,
  '/console/audit/export': READS,
  '/console/audit/verify': READS,
  '/console/bulk/new': PREPARES,
  '/console/bulk/upload': PREPARES,
  '/console/clients/new': ADDS,
  '/console/import': PREPARES,
  '/console/import/:job/columns': PREPARES,
  '/console/partners/:partner/look': LOOKS,
  '/console/partners/:partner/look/logo': LOOKS,
  '/console/partners/:partner/notes': EDITS,
  '/console/partners/:partner/people/new': ADDS,
  '/console/partners/:partner/reminders': EDITS,
  '/console/partners/:partner/rename': EDITS,
  '/console/partners/new': ADDS,
  '/console/people/:person/edit': EDITS,
  '/console/secrets/:secret': LEAVES,
  '/console/settings/:setting': EDITS,
  '/console/settings/:setting/logo': LOOKS,
  '/console/settings/test-mail': 'mails the administrator who asks for it, and nobody else',
  '/console/staff/new': ADDS,
  '/console/webhooks/new': ADDS,
  '/email-change/:token': LINK,
  '/email-revert/:token': LINK,
  '/email/:token': LINK,
  '/enroll': SIGN_IN,
  '/enroll/access-code': SIGN_IN,
  '/enroll/authenticator': SIGN_IN,
  '/enroll/passkey': SIGN_IN,
  '/enroll/passkey/options': SIGN_IN,
  '/enroll/recovery-codes': SIGN_IN,
  '/enroll/skip': SIGN_IN,
  '/forgot-password': SIGN_IN,
  '/invitation/:token': LINK,
  '/language': 'the language of one’s own pages',
  '/oidc/choose': ANSWER,
  '/oidc/sign-out/confirm': ANSWER,
  '/password/:token': LINK,
  '/security/authenticator': OWN,
  '/security/authenticator/access-code': PROOF,
  '/security/authenticator/cancel': LEAVES,
  '/security/authenticator/start': PREPARES,
  '/security/authenticators/:authenticator': EDITS,
  '/security/authenticators/add': OWN,
  '/security/authenticators/add/start': PREPARES,
  '/security/authenticators/passkey': OWN,
  '/security/authenticators/passkey/options': OWN,
  '/security/email': 'asks for the password, and changes nothing until the person opens the mailed link',
  '/security/password': 'asks for the password and the new one, and says what saving ends',
  '/sign-in': SIGN_IN,
  '/sign-in/one-time-code': SIGN_IN,
  '/sign-in/passkey': SIGN_IN,
  '/sign-in/passkey/alone': SIGN_IN,
  '/sign-in/passkey/alone/options': SIGN_IN,
  '/sign-in/passkey/options': SIGN_IN,
  '/sign-in/recovery-code': SIGN_IN,
  '/sign-out': LEAVES,
  '/step-up': PROOF,
  '/step-up/passkey': PROOF,
  '/step-up/passkey/options': PROOF,
  '/step-up/recovery-code': PROOF,
  '/team/invite': ADDS,
  '/team/invite-many': PREPARES,
};

/** Acts of one row of a list, whose button names the row. The page above the list says what they do. */
export const OF_A_ROW: Readonly<Record<string, string>> = {
  '/console/partners/:partner/look/logo/remove': 'a picture that can be uploaded again',
  '/console/webhooks/:webhook/replay/:delivery': 'sends the same event once more',
  '/security/sessions/end': 'one of one’s own sessions: signing in there again brings it back',
  '/security/trusted-devices/end': 'one of one’s own devices: it can be trusted again at the next sign-in',
};
