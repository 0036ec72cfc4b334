import { attributes, type Content, type Html, html } from './html.ts';

type Option = { readonly value: string; readonly label: string };

type Select = {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly options: readonly Option[];
  /** More options, under headings. */
  readonly groups?: readonly { readonly label: string; readonly options: readonly Option[] }[];
  readonly value: string | undefined;
  readonly error?: string | undefined;
};

/** A choice among a few short options, or among many in groups. */
export function selectField({ id, name, label, options, groups = [], value = '', error }: Select): Html {
  const wrong = wrongAttributes(id, error);
  const draw = (option: Option) =>
    html`<option${attributes({ value: option.value, selected: option.value === value })}>${option.label}</option>`;
  return html`<div class="field${error !== undefined && ' wrong'}"><label for="${id}">${label}</label>
${error !== undefined && html`<p class="error" id="${id}-error">${error}</p>`}<select${attributes({ id, name, ...wrong })}>${options.map(draw)}${groups.map((group) => html`<optgroup label="${group.label}">${group.options.map(draw)}</optgroup>`)}</select></div>`;
}

/** One of a few options, with its explanation. */
export type Choice = Option & { readonly hint?: Content };

type Radios = {
  readonly name: string;
  readonly legend: string;
  readonly options: readonly Choice[];
  readonly value: string | undefined;
  readonly error?: string | undefined;
};

/** A choice among a few options with explanations. The first id is the name, so that an error can link to it. */
export function radios({ name, legend, options, value, error }: Radios): Html {
  const wrong = wrongAttributes(name, error);
  return html`<fieldset class="field${error !== undefined && ' wrong'}"><legend>${legend}</legend>
${error !== undefined && html`<p class="error" id="${name}-error">${error}</p>`}${options.map((option, index) => {
  const id = index === 0 ? name : `${name}-${option.value}`;
  const marks = { id, name, type: 'radio', value: option.value, checked: option.value === value, ...wrong };
  return html`<div class="radio"><input${attributes(marks)}><label for="${id}">${option.label}</label>
${option.hint !== undefined && html`<p class="hint">${option.hint}</p>`}</div>`;
})}</fieldset>`;
}

/** A form that filters a list. It changes nothing, so its result is an address that a person can bookmark. */
export function filterForm(action: string, label: string, search: Content, more: MoreFilters): Html {
  return html`<form method="get" action="${action}" class="filters" role="search" aria-label="${label}" data-live="results">
${search}<div class="fold"><input type="checkbox" id="fold"${attributes({ checked: more.isOpen })}><label for="fold">${more.label}</label></div>
<div class="folded">${more.fields}</div><button type="submit" class="button quiet">${more.button}</button></form>`;
}

/** The filters beside the search. On a phone they stand behind a box to tick, which works without scripts. */
type MoreFilters = {
  readonly label: string;
  readonly fields: Content;
  readonly button: string;
  /** Whether one of them is set. */
  readonly isOpen: boolean;
};

function wrongAttributes(id: string, error: string | undefined): Record<string, string | undefined> {
  return error === undefined ? {} : { 'aria-describedby': `${id}-error`, 'aria-invalid': 'true' };
}
