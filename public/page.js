// @ts-check
// Scripts only improve a page. Every page works without them.

const RESUBMIT_MS = 5000;
const COPIED_MS = 4000;
const LIVE_MS = 250;
const RENEW_MS = 2000;

for (const part of document.querySelectorAll('[data-script]')) part.removeAttribute('hidden');
for (const time of document.querySelectorAll('time[data-local]')) showLocally(time);
// On a phone the tabs are one line, wider than the screen.
for (const tab of document.querySelectorAll('.tabs [aria-current]'))
  tab.scrollIntoView({ block: 'nearest', inline: 'center' });

// The browser remembers the answer to a form as that form, so Back and Reload would ask to send it again. Under its
// page's own address it is a normal page, and the browser just requests it.
const { sent } = document.body.dataset;
if (sent !== undefined) {
  const parts = location.pathname.split('/');
  history.replaceState(null, '', parts.slice(0, parts.length - Number(sent)).join('/') || '/');
}

// Whether this device can hold a passkey: the server then offers one after the code.
for (const input of document.querySelectorAll('input[data-device]')) void describe(input);

/** @param {Element} input */
async function describe(input) {
  const { PublicKeyCredential: passkeys } = window;
  const canHold = await passkeys?.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
  if (canHold) input.setAttribute('value', 'passkey');
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const copy = target?.closest('[data-copy]');
  if (copy instanceof HTMLElement) copyText(copy);
  if (target?.closest('[data-print]')) print();
  if (!target?.closest('details.language')) closeMenu(false);
});

document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) focusFind(event);
  if (event.key === 'Escape') closeMenu(true);
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  // Not `disabled`, because that would remove the button's name and value from the form data.
  event.submitter?.setAttribute('aria-disabled', 'true');
  setTimeout(() => release(form), RESUBMIT_MS);
});

// The answer to another program. Its button is for a browser without scripts.
for (const form of document.querySelectorAll('form[data-submit]'))
  if (form instanceof HTMLFormElement) form.requestSubmit();

// A list that updates while the person types. It requests the same address as the button and shows the same page.
for (const form of document.querySelectorAll('form[data-live]')) {
  if (form instanceof HTMLFormElement) follow(form);
}

// A part that says how far something is. It is requested again until it is over.
for (const part of document.querySelectorAll('[data-reload]')) {
  if (part instanceof HTMLElement) setTimeout(() => void renew(part.dataset.reload ?? ''), RENEW_MS);
}

/** @param {string} id */
async function renew(id) {
  const answer = await fetch(location.href).catch(() => null);
  // The person signed out: the link on the page says so.
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
  if (!old || !fresh) return;
  // Somebody who is reading or has chosen a link there is not interrupted.
  if (!old.contains(document.activeElement)) {
    for (const time of fresh.querySelectorAll('time[data-local]')) showLocally(time);
    old.replaceChildren(...fresh.childNodes);
  }
  if (document.querySelector('[data-reload]')) setTimeout(() => void renew(id), RENEW_MS);
}

// A list with rows to tick says how many are ticked, and what they add up to.
for (const form of document.querySelectorAll('form[data-ticks]')) {
  if (form instanceof HTMLFormElement) countTicks(form);
}

/** @param {HTMLFormElement} form */
function countTicks(form) {
  const line = form.querySelector('[data-ticks-text]');
  if (!(line instanceof HTMLElement)) return;
  const plain = line.textContent ?? '';
  const count = () => {
    const ticked = [...form.querySelectorAll('input[data-missing]')].filter(
      (box) => box instanceof HTMLInputElement && box.checked,
    );
    const people = ticked.reduce((sum, box) => sum + Number(box.getAttribute('data-missing')), 0);
    const number = new Intl.NumberFormat(document.documentElement.lang);
    line.textContent =
      ticked.length === 0
        ? plain
        : (line.dataset.ticksText ?? '')
            .replace('[partners]', number.format(ticked.length))
            .replace('[people]', number.format(people));
  };
  form.addEventListener('change', count);
  // The browser may have restored ticks.
  addEventListener('pageshow', count);
}

/** @param {HTMLFormElement} form */
function follow(form) {
  let timer = 0;
  let asked = '';
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void show(), LIVE_MS);
  });

  async function show() {
    const given = [...new FormData(form)].filter(([, value]) => value !== '');
    const address = `${form.action}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
    asked = address;
    const answer = await fetch(address).catch(() => null);
    // The person signed out, or has typed more since. The button still works.
    if (!answer?.ok || answer.redirected || asked !== address) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const id = form.dataset.live ?? '';
    const fresh = page.getElementById(id);
    if (asked !== address || !fresh) return;
    for (const time of fresh.querySelectorAll('time[data-local]')) showLocally(time);
    document.getElementById(id)?.replaceChildren(...fresh.childNodes);
    history.replaceState(null, '', address);
  }
}

// A page from the browser history is restored as it was left, with its form marked as sent.
addEventListener('pageshow', () => {
  for (const form of document.forms) release(form);
});

/** @param {HTMLFormElement} form */
function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('[aria-disabled]')) button.removeAttribute('aria-disabled');
}

/**
 * The key that many programs use to begin a search. Inside a field it is a character.
 * @param {KeyboardEvent} event
 */
function focusFind(event) {
  const field = document.querySelector('[data-find]');
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select');
  if (!(field instanceof HTMLInputElement) || isTyping) return;
  event.preventDefault();
  field.focus();
  field.select();
}

/** @param {boolean} focus */
function closeMenu(focus) {
  const menu = document.querySelector('details.language[open]');
  menu?.removeAttribute('open');
  if (focus) menu?.querySelector('summary')?.focus();
}

/** @param {HTMLElement} button */
async function copyText(button) {
  const text = button.dataset.copy ?? '';
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  const status = button.parentElement?.querySelector('[role=status]');
  if (!status || !(copied || copyBySelection(text, button))) return;
  status.textContent = button.dataset.copied ?? '';
  setTimeout(() => {
    status.textContent = '';
  }, COPIED_MS);
}

/**
 * For pages without the clipboard API, as over plain HTTP.
 * @param {string} text
 * @param {HTMLElement} button
 */
function copyBySelection(text, button) {
  const area = document.createElement('textarea');
  area.className = 'unseen';
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  button.focus();
  return copied;
}

/** @param {Element} time */
function showLocally(time) {
  const at = new Date(time.getAttribute('datetime') ?? '');
  if (Number.isNaN(at.getTime())) return;
  time.setAttribute('title', time.textContent ?? '');
  time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
}
