/**
 * What an ICU message has to be filled in with, read from its literal type.
 *
 * `{name}` takes a text or a number, `{name, number}` and plurals a number, `{name, select, …}` a text. Quoted braces
 * are not understood: a test holds that no text has them.
 */
export type PlaceholdersOf<Message extends string> = {
  readonly [Placeholder in InText<Message> as Placeholder[0]]: Placeholder[1];
};

/** In words: `{` begins a placeholder, `}` ends the arm of a plural. */
type InText<Message extends string, Found = never> =
  // `Message` stands alone here so that each text of a union is read by itself.
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

/** Before the first brace, that brace, after it. */
type ToBrace<Message extends string> = Message extends `${infer Before}{${infer After}`
  ? Before extends `${infer Sooner}}${infer Rest}`
    ? [Sooner, '}', `${Rest}{${After}`]
    : [Before, '{', After]
  : Message extends `${infer Before}}${infer After}`
    ? [Before, '}', After]
    : [Message, '', ''];
