// @ts-check
// The lists of the console and of a team. They work without this script.

const LIVE_MS = 250;
const RENEW_MS = 2000;

// On a phone the tabs are one line, wider than the screen.
for (const tab of document.querySelectorAll('.tabs [aria-current]'))
  tab.scrollIntoView({ block: 'nearest', inline: 'center' });

document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) focusFind(event);
});

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
    old.replaceChildren(...fresh.childNodes);
    document.dispatchEvent(new Event('renewed'));
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
    document.getElementById(id)?.replaceChildren(...fresh.childNodes);
    document.dispatchEvent(new Event('renewed'));
    history.replaceState(null, '', address);
  }
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
