/**
 * The addresses of our pages that other folders use in a link, a redirect or a mail. The feature that serves a page
 * declares it in its routes. A test finds addresses without a route, and addresses written as text elsewhere.
 */
export const PATHS = {
  signIn: '/sign-in',
  oneTimeCode: '/sign-in/one-time-code',
  recoveryCode: '/sign-in/recovery-code',
  passkey: '/sign-in/passkey',
  passkeyOffer: '/sign-in/passkey-offer',
  lostDevice: '/sign-in/lost',
  signOut: '/sign-out',
  stepUp: '/step-up',
  stepUpRecoveryCode: '/step-up/recovery-code',
  stepUpPasskey: '/step-up/passkey',
  enroll: '/enroll',
  newRecoveryCodes: '/enroll/recovery-codes',
  newRecoveryCodesFile: '/enroll/recovery-codes.txt',
  forgotPassword: '/forgot-password',
  security: '/security',
  authenticator: '/security/authenticator',
  authenticators: '/security/authenticators',
  addPasskey: '/security/authenticators/passkey',
  recoveryCodes: '/security/recovery-codes',
  sessions: '/security/sessions',
  trustedDevices: '/security/trusted-devices',
  password: '/security/password',
  console: '/console',
  settings: '/console/settings',
  team: '/team',
  language: '/language',
  wayOn: '/continue',
  openid: '/oidc',
  help: '/help',
  helpSigningIn: '/help/how-sign-in-works',
  helpSetUp: '/help/set-up',
  helpTroubleshooting: '/help/troubleshooting',
} as const;

/** The sign-in page that leads to one of our pages afterwards. @param target path and query */
export function signInThen(target: string): string {
  return `${PATHS.signIn}?return_to=${encodeURIComponent(target)}`;
}
