// @ts-check
// What a page can do better with a script: show a password, count its length, count a wait down.

const TICK_MS = 1000;
/** Fewer different characters than this in a whole password are easy to guess. */
const FEW_DIFFERENT = 5;

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
