import { parseArgs } from 'node:util';
import type { Refusal } from '#core/values/result.ts';

/** An option as it is typed and explained; a flag has no `value`. */
export type Option = {
  /** What stands after it: `SLUG`, `off|optional|required`; absent for a flag. */
  readonly value?: string;
  readonly required?: true;
  /** Whether it can be given more than once; its value is a list then. */
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

/** What a command was asked for, checked for shape only. */
export type Call<A extends string, O extends Options> = {
  readonly args: Readonly<Record<A, string>>;
  readonly options: Values<O>;
  readonly json: boolean;
};

/** What is printed: the lines, or with `--json` the data. `failed` ends with 1 and that line on standard error. */
export type Output = {
  readonly data: unknown;
  readonly lines: readonly string[];
  /** Said on standard error beside it: the answer is for programs too. */
  readonly advice?: readonly string[];
  readonly failed?: string;
};

/** Why a command line makes no sense: exit code 2. */
export type Misuse = { readonly misuse: string };

/** Nothing when the command has written for itself. */
type Outcome = Output | Misuse | Refusal | undefined;

/** A command with its types erased, as the table holds it. */
export type Command = {
  readonly words: string;
  readonly args: readonly string[];
  readonly options: Options;
  readonly summary: string;
  readonly run: (call: never) => Promise<Outcome>;
};

/** Declares a command: how it is typed, what it is for and what it does, in one place. */
export function command<const A extends string, const O extends Options>(declaration: {
  readonly words: string;
  readonly args: readonly A[];
  readonly options: O;
  readonly summary: string;
  readonly run: (call: Call<A, O>) => Promise<Outcome>;
}): Command {
  return declaration;
}

/** The option of every command that prints data. */
export const JSON_OPTION = { json: { about: 'print JSON' } } as const;

export function isMisuse(value: unknown): value is Misuse {
  return typeof value === 'object' && value !== null && 'misuse' in value;
}

/** Reads what was typed after the words of the command. `help` wins over anything that is wrong. */
export function readCall(command: Command, typed: readonly string[]): Call<string, Options> | 'help' | Misuse {
  const parsed = parse(command, typed);
  if (typed.includes('--help')) return 'help';
  if (isMisuse(parsed)) return parsed;
  const { values, positionals } = parsed;
  const missing = command.args[positionals.length];
  if (missing !== undefined) return { misuse: `${missing} is missing` };
  if (positionals.length > command.args.length) {
    return { misuse: `there is one word too many: ${shown(positionals[command.args.length])}` };
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

/** Node's text goes on for three sentences about escaping; the first names what is wrong. */
function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split(/\. |\n/)[0] ?? text;
  return first.replace(/\.$/, '');
}

/** What was typed, fit for one line. */
export function shown(text: string | undefined): string {
  return (text ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, '?').slice(0, 80);
}
