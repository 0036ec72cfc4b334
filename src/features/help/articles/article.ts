/**
 * The help texts as data: what a translator reads, and what a test can compare between languages.
 *
 * Texts are plain, with three marks that `pages.ts` draws: `**Verify**` is a control as it is named on the screen,
 * `[words](/path)` a link, and `{product}`, `{address}`, `{contact}` the values of this installation.
 */
export type Block = string | Items;

/** `steps` are done one after the other; `points` stand beside each other. */
export type Items = { readonly title?: string } & (
  | { readonly steps: readonly string[] }
  | { readonly points: readonly string[] }
);

export type Section = {
  /** Pages link to it (`/help/troubleshooting#clock`): the same in every language, and never renamed. */
  readonly anchor: string;
  readonly heading: string;
  readonly blocks: readonly Block[];
};

export type Article = {
  readonly title: string;
  /** One sentence: under the heading, and beside the link on the index. */
  readonly summary: string;
  readonly sections: readonly Section[];
};

/** In the order of the index; each is the last part of its path. */
export const ARTICLE_NAMES = ['set-up', 'how-sign-in-works', 'good-practice', 'troubleshooting'] as const;
export type ArticleName = (typeof ARTICLE_NAMES)[number];

export type Handbook = Readonly<Record<ArticleName, Article>>;
