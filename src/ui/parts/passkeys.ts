import type { View } from '#ui/view.ts';
import { form, submitButton } from './actions.ts';
import { attributes, type Content, type Html, html } from './html.ts';

type PasskeyForm = {
  /**
   * What the browser does. `autofill` also offers passkeys in the email field, and `offer` lets the password manager
   * create one by itself (conditional create).
   */
  readonly does: 'create' | 'offer' | 'use' | 'autofill';
  /** The address that receives the browser's answer. */
  readonly action: string;
  /** The address that makes a challenge. */
  readonly options: string;
  readonly label: string;
  readonly variant?: 'primary' | 'quiet';
  /** Shown only where this device itself can hold a passkey. */
  readonly needsDevice?: boolean;
  /** Further fields. */
  readonly fields?: Content;
  /** Texts around it, shown with it. */
  readonly before?: Content;
};

/** A button that asks for a passkey. It appears only if a script can do it; `withoutPasskeys` has the other case. */
export function passkeyForm(view: View, passkey: PasskeyForm): Html {
  const { t } = view;
  const data = attributes({
    'data-passkey': passkey.does,
    'data-options': passkey.options,
    'data-passkey-needs': passkey.needsDevice ? 'device' : undefined,
    'data-cancelled': t('passkey.cancelled'),
    'data-failed': t('passkey.failed'),
    'data-known': t('passkey.known'),
  });
  // Beside another way it stands apart from it.
  return html`<div data-passkey-part${passkey.needsDevice ? html` class="apart"` : ''} hidden>${passkey.before}
${form(
  view,
  passkey.action,
  html`<input type="hidden" name="credential" value="">
${passkey.fields}
${submitButton(passkey.label, passkey.variant)}
<p class="hint" role="status"></p>`,
  data,
)}</div>`;
}

/** What a person can do whose browser runs no scripts or knows no passkeys. */
export function withoutPasskeys(text: Content): Html {
  return html`<noscript><div class="notice info">${text}</div></noscript>
<div class="notice info" data-passkey-missing hidden>${text}</div>`;
}

type Signal =
  | { readonly signalName: 'unknownCredential'; readonly rpID: string; readonly credentialID: string }
  | {
      readonly signalName: 'allAcceptedCredentials';
      readonly rpID: string;
      readonly userID: string;
      readonly allAcceptedCredentialIDs: readonly string[];
    };

/** What the browser should know about the passkeys of this service (WebAuthn §5.1.10). */
export function passkeySignal(signal: Signal): Html {
  return html`<span hidden data-passkey-signal="${JSON.stringify(signal)}"></span>`;
}
