import type { Translate } from '#messages/messages.ts';
import type { View } from '#ui/view.ts';
import { attributes, type Content, type Html, html } from './html.ts';

type Field = {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly value?: string | undefined;
  readonly autofocus?: boolean | undefined;
};

type TextField = Field & {
  readonly autocomplete: string;
  readonly type?: 'text' | 'email' | 'search' | 'date' | 'number' | undefined;
  readonly inputmode?: 'text' | 'email' | 'numeric' | 'url' | undefined;
  readonly readonly?: boolean | undefined;
  readonly spellcheck?: boolean | undefined;
  /** False if an empty value has its own meaning. */
  readonly required?: boolean | undefined;
  /** The lowest and the highest allowed date or number. */
  readonly min?: string | undefined;
  readonly max?: string | undefined;
  /** For a script. */
  readonly data?: Readonly<Record<`data-${string}`, string>> | undefined;
};

export function textField(field: TextField): Html {
  return fieldFrame(
    field,
    html`<input${attributes({
      id: field.id,
      name: field.name,
      type: field.type ?? 'text',
      autocomplete: field.autocomplete,
      inputmode: field.inputmode,
      value: field.value,
      readonly: field.readonly,
      spellcheck: String(field.spellcheck ?? false),
      autocapitalize: 'none',
      autofocus: field.autofocus,
      required: field.required ?? true,
      min: field.min,
      max: field.max,
      ...field.data,
      ...description(field),
    })}>`,
  );
}

type PasswordField = Omit<Field, 'value'> & {
  readonly autocomplete: 'current-password' | 'new-password';
  /** The shortest length that is accepted, for a new password. A script then counts while the person types. */
  readonly minimum?: number | undefined;
};

/** A password, with a button that shows it. The button needs a script. */
export function passwordField({ t }: View, { minimum, ...field }: PasswordField): Html {
  const input = html`<input${attributes({
    id: field.id,
    name: field.name,
    type: 'password',
    autocomplete: field.autocomplete,
    spellcheck: 'false',
    autocapitalize: 'none',
    autofocus: field.autofocus,
    required: true,
    'data-minimum': minimum?.toString(),
    ...description(field),
  })}>`;
  const shown = `${field.id}-shown`;
  const box = html`<div class="check show" data-script hidden><input type="checkbox" id="${shown}" data-shows="${field.id}"><label for="${shown}">${t('password.show')}</label></div>`;
  return fieldFrame(field, html`${input}${minimum !== undefined && strength(t, field.id)}${box}`);
}

/** What the script says about the length. The texts are ours, because a script has none. */
function strength(t: View['t'], id: string): Html {
  const more = (count: number) => t('password.strength.more', { count }).replace(String(count), '#');
  return html`<p${attributes({
    class: 'hint strength',
    role: 'status',
    'data-strength': id,
    'data-more': more(2),
    'data-one': more(1),
    'data-enough': t('password.strength.enough'),
    'data-repeats': t('password.strength.repeats'),
  })}></p>`;
}

type TextArea = Field & { readonly rows: number; readonly required?: boolean | undefined };

/** A field for several short texts, one per line, or for one long text. */
export function textArea(field: TextArea): Html {
  return fieldFrame(
    field,
    // HTML drops the first line break after the tag. This extra one protects a line break at the start of the text.
    html`<textarea${attributes({
      id: field.id,
      name: field.name,
      rows: String(field.rows),
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      required: field.required,
      ...description(field),
    })}>
${field.value}</textarea>`,
  );
}

type CodeField = Field & {
  /** Recovery codes contain letters: no number keypad, and no suggestion of a code from a message. */
  readonly kind?: 'one-time' | 'recovery' | undefined;
};

/** One field for a whole code. No `maxlength`, because it would cut a pasted code that contains spaces. */
export function codeField(field: CodeField): Html {
  const oneTime = field.kind !== 'recovery';
  return fieldFrame(
    field,
    html`<input${attributes({
      id: field.id,
      name: field.name,
      class: oneTime ? 'code' : 'code long',
      type: 'text',
      inputmode: oneTime ? 'numeric' : 'text',
      autocomplete: oneTime ? 'one-time-code' : 'off',
      autocapitalize: oneTime ? 'none' : 'characters',
      autocorrect: 'off',
      spellcheck: 'false',
      value: field.value,
      autofocus: field.autofocus,
      required: true,
      ...description(field),
    })}>`,
  );
}

/** Shows a password manager which account this is, on the steps after the email. */
export function usernameField(view: View, email: string): Html {
  return html`<div class="who"><label for="username">${view.t('layout.username')}</label>
<input id="username" type="email" autocomplete="username" value="${email}" readonly></div>`;
}

type Choice = Pick<Field, 'id' | 'name' | 'label' | 'hint' | 'error'> & { readonly checked?: boolean | undefined };

export function checkbox(field: Choice): Html {
  return html`<div class="field${field.error !== undefined && ' wrong'}">${errorText(field)}
<div class="check"><input${attributes({
    id: field.id,
    name: field.name,
    type: 'checkbox',
    value: 'yes',
    checked: field.checked,
    ...description(field),
  })}><label for="${field.id}">${field.label}</label></div>
${field.hint !== undefined && html`<p class="hint" id="${field.id}-hint">${field.hint}</p>`}</div>`;
}

function fieldFrame(field: Field, input: Content): Html {
  return html`<div class="field${field.error !== undefined && ' wrong'}">
<label for="${field.id}">${field.label}</label>
${field.hint !== undefined && html`<p class="hint" id="${field.id}-hint">${field.hint}</p>`}
${errorText(field)}${input}</div>`;
}

function errorText(field: Pick<Field, 'id' | 'error'>): Content {
  return field.error !== undefined && html`<p class="error" id="${field.id}-error">${field.error}</p>`;
}

function description(field: Pick<Field, 'id' | 'hint' | 'error'>): Record<string, string | undefined> {
  const ids = [field.hint !== undefined && `${field.id}-hint`, field.error !== undefined && `${field.id}-error`];
  const describedBy = ids.filter((id) => id !== false).join(' ');
  return {
    'aria-describedby': describedBy === '' ? undefined : describedBy,
    'aria-invalid': field.error === undefined ? undefined : 'true',
  };
}

export type Fault = { readonly title: string; readonly text?: Content; readonly fieldId?: string | undefined };

/** One fault as it is, several as a list of links to their fields. `undefined` without one. */
export function summaryOfFaults(t: Translate, faults: readonly Fault[]): Fault | undefined {
  if (faults.length <= 1) return faults[0];
  const links = faults.map(
    ({ title, fieldId }, index) => html`${index > 0 && html`<br>`}<a href="#${fieldId}">${title}</a>`,
  );
  return { title: t('invitation.several', { count: faults.length }), text: html`${links}` };
}
