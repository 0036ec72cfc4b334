/**
 * The values that an ICU message needs, from its literal type. `{name}` takes a text or a number, `{name, number}` and
 * plurals take a number, `{name, select, …}` takes a text. Quoted braces are not supported, and a test checks that no
 * text has them.
 */
export type PlaceholdersOf<Message extends string> = {
  readonly [Placeholder in InText<Message> as Placeholder[0]]: Placeholder[1];
};

/** Inside text: `{` begins a placeholder, `}` ends the arm of a plural. */
type InText<Message extends string, Found = never> =
  // The bare `Message` makes the type distribute over a union, so that each text is parsed by itself.
  Message extends string
    ? ToBrace<Message> extends [string, infer Brace, infer After extends string]
      ? Brace extends '{'
        ? Placeholder<After, Found>
        : Brace extends '}'
          ? InArms<After, Found>
          : Found
      : never
    : never;

type Placeholder<Message extends string, Found> =
  ToBrace<Message> extends [infer Head extends string, infer Brace, infer After extends string]
    ? InText<After, Found | (Brace extends '}' ? Simple<Head> : WithArms<Head>)>
    : never;

/** Between the arms of a plural or a select: `{` begins one, `}` ends the placeholder. */
type InArms<Message extends string, Found> =
  ToBrace<Message> extends [string, infer Brace, infer After extends string]
    ? Brace extends '{' | '}'
      ? InText<After, Found>
      : Found
    : never;

type Simple<Head extends string> = Head extends `${infer Name}, number` ? [Name, number] : [Head, string | number];

type WithArms<Head extends string> = Head extends `${infer Name}, ${infer Kind}, ${string}`
  ? [Name, Kind extends 'plural' ? number : string]
  : never;

/** The text before the first brace, that brace, and the rest. */
type ToBrace<Message extends string> = Message extends `${infer Before}{${infer After}`
  ? Before extends `${infer Sooner}}${infer Rest}`
    ? [Sooner, '}', `${Rest}{${After}`]
    : [Before, '{', After]
  : Message extends `${infer Before}}${infer After}`
    ? [Before, '}', After]
    : [Message, '', ''];
