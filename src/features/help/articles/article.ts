/**
 * The help texts as data, so that a translator can read them and a test can compare languages. Texts are plain, with
 * three marks that `pages.ts` renders: `**Verify**` is a control as the screen names it, `[words](/path)` is a link,
 * and `{product}` (the entry in an app), `{address}`, `{contact}` are values of this installation.
 */
export type Block = string | Items;

/** `steps` follow one after the other. `points` are in no order. */
export type Items = { readonly title?: string } & (
  | { readonly steps: readonly string[] }
  | { readonly points: readonly string[] }
);

export type Section = {
  /** Pages link to it (`/help/troubleshooting#clock`). It is the same in every language and is never renamed. */
  readonly anchor: string;
  readonly heading: string;
  readonly blocks: readonly Block[];
};

export type Article = {
  readonly title: string;
  /** One sentence, below the heading and beside the link on the index. */
  readonly summary: string;
  readonly sections: readonly Section[];
};

/** In the order of the index. Each name is the last part of its path. */
export const ARTICLE_NAMES = ['set-up', 'how-sign-in-works', 'good-practice', 'troubleshooting'] as const;
export type ArticleName = (typeof ARTICLE_NAMES)[number];

export type Handbook = Readonly<Record<ArticleName, Article>>;
