import { parseArgs } from 'node:util';
import type { Refusal } from '#core/values/result.ts';

/** An option with its syntax and explanation. A flag has no `value`. */
export type Option = {
  /** The value's placeholder: `SLUG`, `off|optional|required`. Absent for a flag. */
  readonly value?: string;
  readonly required?: true;
  /** The option can be repeated, and its value is then a list. */
  readonly many?: true;
  readonly about: string;
};

type Options = Readonly<Record<string, Option>>;

type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { readonly value: string } ? Value<O[K]> : boolean;
};

type Value<O> = O extends { readonly many: true }
  ? readonly string[]
  : O extends { readonly required: true }
    ? string
    : string | undefined;

/** The parsed arguments of a command. Only their form is checked. */
export type Call<A extends string, O extends Options> = {
  readonly args: Readonly<Record<A, string>>;
  readonly options: Values<O>;
  readonly json: boolean;
};

/** What is printed: the lines, or the data with `--json`. `failed` goes to standard error with exit code 1. */
export type Output = {
  readonly data: unknown;
  readonly lines: readonly string[];
  /** Printed to standard error, because programs read the output. */
  readonly advice?: readonly string[];
  readonly failed?: string;
};

/** Why a command line is not valid: exit code 2. */
export type Misuse = { readonly misuse: string };

/** Undefined if the command has printed by itself. */
type Outcome = Output | Misuse | Refusal | undefined;

/** A command in the table, without its generic types. */
export type Command = {
  readonly words: string;
  readonly args: readonly string[];
  /** The option that takes the place of all arguments. */
  readonly argsUnless?: string | undefined;
  readonly options: Options;
  readonly summary: string;
  readonly run: (call: never) => Promise<Outcome>;
};

/** Declares a command in one place: its syntax, its purpose and its action. */
export function command<const A extends string, const O extends Options>(declaration: {
  readonly words: string;
  readonly args: readonly A[];
  readonly argsUnless?: keyof O & string;
  readonly options: O;
  readonly summary: string;
  readonly run: (call: Call<A, O>) => Promise<Outcome>;
}): Command {
  return declaration;
}

/** Every command that prints data has this option. */
export const JSON_OPTION = { json: { about: 'print JSON' } } as const;

export function isMisuse(value: unknown): value is Misuse {
  return typeof value === 'object' && value !== null && 'misuse' in value;
}

/** Reads the arguments after the words of the command. `help` wins over every mistake. */
export function readCall(command: Command, typed: readonly string[]): Call<string, Options> | 'help' | Misuse {
  const parsed = parse(command, typed);
  if (typed.includes('--help')) return 'help';
  if (isMisuse(parsed)) return parsed;
  const { values, positionals } = parsed;
  const isReplaced = command.argsUnless !== undefined && values[command.argsUnless] !== undefined;
  const wanted = isReplaced ? [] : command.args;
  const missing = wanted[positionals.length];
  if (missing !== undefined) return { misuse: `${missing} is missing` };
  if (positionals.length > wanted.length) {
    return { misuse: `there is one word too many: ${shown(positionals[wanted.length])}` };
  }
  for (const [name, option] of Object.entries(command.options)) {
    if (option.required && values[name] === undefined) return { misuse: `--${name} is missing` };
  }
  const args = Object.fromEntries(command.args.map((name, index) => [name, positionals[index] ?? '']));
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value, many }]) => [
      name,
      value === undefined ? values[name] === true : many ? (values[name] ?? []) : values[name],
    ]),
  );
  // Cast boundary between the erased table and the typed declaration.
  return { args, options: options as Values<Options>, json: values.json === true };
}

type Parsed = { values: Readonly<Record<string, unknown>>; positionals: readonly string[] };

function parse({ options }: Command, typed: readonly string[]): Parsed | Misuse {
  const known = Object.entries(options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
  ]);
  try {
    const { values, positionals } = parseArgs({
      args: [...typed],
      options: Object.fromEntries(known),
      allowPositionals: true,
    });
    const entries = Object.entries(values).map(([name, list]) => [name, Array.isArray(list) ? list : [list]] as const);
    const twice = entries.find(([name, list]) => list.length > 1 && !options[name]?.many);
    if (twice) return { misuse: `--${twice[0]} is given twice` };
    const given = entries.map(([name, list]) => [name, options[name]?.many ? list : list[0]]);
    return { values: Object.fromEntries(given), positionals };
  } catch (error) {
    return { misuse: explain(error) };
  }
}

/** Node's text adds three sentences about escaping. The first one names the mistake. */
function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split(/\. |\n/)[0] ?? text;
  return first.replace(/\.$/, '');
}

/** The input in a form that fits on one line. */
export function shown(text: string | undefined): string {
  return (text ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, '?').slice(0, 80);
}
