// @ts-check
// Scripts only improve a page. Every page works without them.

const RESUBMIT_MS = 5000;
const COPIED_MS = 4000;
const TICK_MS = 1000;
/** Fewer different characters than this in a whole password are easy to guess. */
const FEW_DIFFERENT = 5;

for (const part of document.querySelectorAll('[data-script]')) part.removeAttribute('hidden');
showTimes();
// A list that a script has renewed.
document.addEventListener('renewed', showTimes);

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

// A page from the browser history is restored as it was left, with its form marked as sent.
addEventListener('pageshow', () => {
  for (const form of document.forms) release(form);
});

/** @param {HTMLFormElement} form */
function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('[aria-disabled]')) button.removeAttribute('aria-disabled');
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

function showTimes() {
  for (const time of document.querySelectorAll('time[data-local]:not([title])')) showLocally(time);
}

/** @param {Element} time */
function showLocally(time) {
  const at = new Date(time.getAttribute('datetime') ?? '');
  if (Number.isNaN(at.getTime())) return;
  time.setAttribute('title', time.textContent ?? '');
  time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
}

document.addEventListener('change', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.dataset.shows === undefined) return;
  const field = document.getElementById(box.dataset.shows);
  if (field instanceof HTMLInputElement) field.type = box.checked ? 'text' : 'password';
});

// A browser and its password manager recognise a password by its type.
document.addEventListener('submit', () => {
  for (const box of document.querySelectorAll('input[data-shows]')) {
    const field = document.getElementById(box.getAttribute('data-shows') ?? '');
    if (field instanceof HTMLInputElement) field.type = 'password';
    if (box instanceof HTMLInputElement) box.checked = false;
  }
});

for (const line of document.querySelectorAll('[data-strength]')) if (line instanceof HTMLElement) measure(line);

/** @param {HTMLElement} line */
function measure(line) {
  const { strength = '', more = '', one = '', enough = '', repeats = '' } = line.dataset;
  const field = document.getElementById(strength);
  if (!(field instanceof HTMLInputElement)) return;
  const minimum = Number(field.dataset.minimum);
  field.addEventListener('input', () => {
    const characters = [...field.value.normalize('NFC')];
    const missing = minimum - characters.length;
    const isPlain = new Set(characters).size < FEW_DIFFERENT;
    if (characters.length === 0) line.textContent = '';
    else if (missing > 0) line.textContent = (missing === 1 ? one : more).replace('#', String(missing));
    else line.textContent = isPlain ? repeats : enough;
  });
}

// A wait that the page says is counted down. The server decides, whatever this clock says.
for (const wait of document.querySelectorAll('[data-wait]')) countDown(wait);

/** @param {Element} wait */
function countDown(wait) {
  const until = Date.now() + Number(wait.getAttribute('data-wait')) * 1000;
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' });
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const [count, unit] = inWords(seconds);
    const text = words.format(count, unit);
    if (wait.textContent !== text) wait.textContent = text;
    if (seconds > 0) setTimeout(tick, TICK_MS);
  };
  setTimeout(tick, TICK_MS);
}

/**
 * The units of the server: minutes up to 90, hours up to two days.
 * @param {number} seconds
 * @returns {[number, 'second' | 'minute' | 'hour' | 'day']}
 */
function inWords(seconds) {
  if (seconds < 60) return [seconds, 'second'];
  if (seconds <= 90 * 60) return [Math.ceil(seconds / 60), 'minute'];
  if (seconds <= 48 * 3600) return [Math.ceil(seconds / 3600), 'hour'];
  return [Math.ceil(seconds / 86_400), 'day'];
}

// The form of a set-up says whether the code to type was open, so that a refusal shows it as it was.
for (const mirror of document.querySelectorAll('input[data-mirrors-details]')) {
  const details = document.querySelector('details.manual');
  if (!(mirror instanceof HTMLInputElement) || !(details instanceof HTMLDetailsElement)) continue;
  const copy = () => {
    mirror.value = details.open ? 'open' : 'closed';
  };
  copy();
  details.addEventListener('toggle', copy);
}
