// The samples follow the hue and the name as they are typed. Without this script the button Preview shows them.
const samples = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.sample'));
const hue = /** @type {HTMLInputElement | null} */ (document.querySelector('[data-hue]'));

hue?.addEventListener('input', () => {
  if (!hue.checkValidity()) return;
  const shown = hue.value === '' ? (hue.dataset.hue ?? '') : hue.value;
  for (const sample of samples) sample.style.setProperty('--hue', shown);
  // The server computed the contrast for one hue.
  for (const note of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-contrast]'))) {
    note.hidden = note.dataset.contrast !== String(Number(shown));
  }
});
