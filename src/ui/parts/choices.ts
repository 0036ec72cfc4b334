import { attributes, type Content, type Html, html } from './html.ts';

type Option = { readonly value: string; readonly label: string };

type Select = {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string | undefined;
};

/** A choice among a few short options. */
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

/** A choice among a few options with explanations. The first id is the name, so that an error can link to it. */
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

/** A form that filters a list. It changes nothing, so its result is an address that a person can bookmark. */
export function filterForm(action: string, label: string, body: Content): Html {
  return html`<form method="get" action="${action}" class="filters" role="search" aria-label="${label}" data-live="results">
${body}</form>`;
}
