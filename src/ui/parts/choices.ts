import { attributes, type Content, type Html, html } from './html.ts';

type Option = { readonly value: string; readonly label: string };

type Select = {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string | undefined;
};

/** One of a few, all of them short. */
export function selectField({ id, name, label, options, value = '' }: Select): Html {
  return html`<div class="field"><label for="${id}">${label}</label>
<select${attributes({ id, name })}>${options.map(
    (option) =>
      html`<option${attributes({ value: option.value, selected: option.value === value })}>${option.label}</option>`,
  )}</select></div>`;
}

type Radios = {
  readonly name: string;
  readonly legend: string;
  readonly options: readonly (Option & { readonly hint?: Content })[];
  readonly value: string | undefined;
  readonly error?: string | undefined;
};

/** One of a few that need a word of explanation each. The first has the name as its id: an error leads there. */
export function radios({ name, legend, options, value, error }: Radios): Html {
  const wrong = {
    'aria-describedby': error === undefined ? undefined : `${name}-error`,
    'aria-invalid': error === undefined ? undefined : 'true',
  };
  return html`<fieldset class="field${error !== undefined && ' wrong'}"><legend>${legend}</legend>
${error !== undefined && html`<p class="error" id="${name}-error">${error}</p>`}${options.map((option, index) => {
  const id = index === 0 ? name : `${name}-${option.value}`;
  const marks = { id, name, type: 'radio', value: option.value, checked: option.value === value, ...wrong };
  return html`<div class="radio"><input${attributes(marks)}><label for="${id}">${option.label}</label>
${option.hint !== undefined && html`<p class="hint">${option.hint}</p>`}</div>`;
})}</fieldset>`;
}

/** A form that asks for a list: it changes nothing, and what it asked for is an address that can be kept. */
export function filterForm(action: string, label: string, body: Content): Html {
  return html`<form method="get" action="${action}" class="filters" role="search" aria-label="${label}" data-live="results">
${body}</form>`;
}
