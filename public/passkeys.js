// @ts-check
// Passkeys exist only in scripts (WebAuthn). A page without them shows what to use instead.

/** The challenge of a sign-in page is asked for again before it is over: it can be signed for five minutes. */
const RENEW_MS = 4 * 60 * 1000;

/** @type {typeof import('@simplewebauthn/browser')} */
const webauthn = Reflect.get(globalThis, 'SimpleWebAuthnBrowser');

/** @param {Element | null | undefined} part */
const reveal = (part) => part?.removeAttribute('hidden');

const isSupported = webauthn.browserSupportsWebAuthn();
for (const part of document.querySelectorAll('[data-passkey-missing]')) if (!isSupported) reveal(part);
for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (form instanceof HTMLFormElement && isSupported) void offer(form);
}
for (const signal of document.querySelectorAll('[data-passkey-signal]')) if (isSupported) void send(signal);

/** @param {HTMLFormElement} form */
async function offer(form) {
  // A passkey on this device is the only one that a new user can be expected to have.
  const needsDevice = form.dataset.passkeyNeeds === 'device';
  if (needsDevice && !(await webauthn.platformAuthenticatorIsAvailable())) return;
  reveal(form.closest('[data-passkey-part]'));
  form.addEventListener('submit', (event) => {
    if (credentialOf(form).value !== '') return;
    event.preventDefault();
    void ask(form, false);
  });
  addEventListener('pageshow', () => {
    credentialOf(form).value = '';
  });
  if (form.dataset.passkey === 'offer') void ask(form, true);
  if (form.dataset.passkey === 'autofill' && (await webauthn.browserSupportsWebAuthnAutofill())) offerInField(form);
}

/**
 * Passkeys in the list that the email field opens.
 * @param {HTMLFormElement} form
 */
function offerInField(form) {
  void ask(form, true);
  setInterval(() => {
    if (!document.hidden) void ask(form, true);
  }, RENEW_MS);
}

/**
 * @param {HTMLFormElement} form
 * @param {boolean} inField whether the browser decides when: it offers it in the email field, or creates one beside a
 *   password that its password manager has just filled in
 */
async function ask(form, inField) {
  if (!inField) say(form, '');
  const fields = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const answer = await fetch(form.dataset.options ?? '', { method: 'POST', body: fields }).catch(() => null);
  // The page itself says what is wrong: a sign-in that is over, or a limit.
  if (!answer?.ok || answer.redirected) return inField ? undefined : form.submit();
  const optionsJSON = await answer.json();
  try {
    const credential =
      form.dataset.passkey === 'create' || form.dataset.passkey === 'offer'
        ? await webauthn.startRegistration({ optionsJSON, useAutoRegister: inField })
        : await webauthn.startAuthentication({ optionsJSON, useBrowserAutofill: inField });
    credentialOf(form).value = JSON.stringify(credential);
    form.requestSubmit();
  } catch (error) {
    if (!inField) say(form, wordsFor(form, error));
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
function wordsFor(form, error) {
  const { name, code } = /** @type {{ name?: string, code?: string }} */ (error);
  if (code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED' || name === 'InvalidStateError') {
    return form.dataset.known ?? '';
  }
  return (name === 'NotAllowedError' || name === 'AbortError' ? form.dataset.cancelled : form.dataset.failed) ?? '';
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function say(form, text) {
  const status = form.querySelector('[role=status]');
  if (status) status.textContent = text;
}

/**
 * @param {HTMLFormElement} form
 * @returns {HTMLInputElement}
 */
function credentialOf(form) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem('credential'));
}

/**
 * Tells the browser which passkeys still work, so that it offers no others (WebAuthn §5.1.10). Not every browser can.
 * @param {Element} part
 */
async function send(part) {
  await webauthn.sendSignal(JSON.parse(part.getAttribute('data-passkey-signal') ?? '')).catch(() => {});
}
