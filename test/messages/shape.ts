import assert from 'node:assert/strict';
import { IntlMessageFormat } from 'intl-messageformat';

type Elements = ReturnType<IntlMessageFormat['getAst']>;

/**
 * The kinds and names of a text's placeholders, the same in every language. Also checks that its plurals have exactly
 * the categories of the language, in which 0, 1, 2 and 5 are often four different words.
 */
export function shapeOf(text = '', locale: string, key: string): string[] {
  const ast = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true }).getAst();
  const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
  return [...new Set(describeElements(ast, key, categories))].sort();
}

function describeElements(elements: Elements, key: string, categories: readonly string[]): string[] {
  return elements.flatMap((element) => {
    if (!('value' in element) || element.type === 0) return [];
    const name = `${element.type} ${element.value}`;
    if (!('options' in element)) return [name];
    const options = Object.keys(element.options);
    if ('pluralType' in element) {
      const named = options.filter((option) => !option.startsWith('='));
      assert.deepEqual(named.sort(), [...categories].sort(), `${key}: plural categories`);
    }
    const inner = Object.values(element.options).flatMap((option) => describeElements(option.value, key, categories));
    return [`${name} ${'pluralType' in element ? '' : options.sort().join()}`, ...inner];
  });
}
