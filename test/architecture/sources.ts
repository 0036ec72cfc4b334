import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CallExpression,
  type ExportDeclaration,
  type FunctionDeclaration,
  type Identifier,
  type ImportDeclaration,
  type NamedImportBindings,
  type NamedImports,
  type Node,
  type PropertyAccessExpression,
  type SourceFile,
  SyntaxKind,
  type VariableStatement,
} from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** One import, `export … from` or `import()`. */
export type Import = {
  /** `src/room/file.ts` for a file of ours, else the specifier as written: `node:crypto`, `zod`. */
  readonly target: string;
  readonly specifier: string;
  /** `import type` as a whole. `import { type T }` still loads the file when types are stripped. */
  readonly typeOnly: boolean;
  readonly lazy: boolean;
  readonly reExport: boolean;
  /** The local names of the imports, with their original names. */
  readonly names: ReadonlyMap<string, string>;
};

export type Source = {
  /** From the root of the checkout: `src/core/authenticators/totp.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** The lines of a function count those of the functions inside it. */
  readonly functions: readonly { readonly line: number; readonly lines: number }[];
  readonly declarations: readonly Declaration[];
  /**
   * The first part of each of our addresses that a text begins with or links to: `/sign-in` of `/sign-in/lost?again`.
   */
  readonly addresses: readonly { readonly address: string; readonly line: number }[];
  /**
   * The places of `any`, `as unknown as`, `await`, the machine's clock and randomness, and transactions without an
   * authority.
   */
  readonly finds: readonly { readonly what: Find; readonly line: number }[];
};

/** One top-level statement of a file, with everything inside it. */
export type Declaration = {
  readonly names: readonly string[];
  readonly lines: number;
  /** Every name in it that is not a property access: too many rather than too few. */
  readonly uses: ReadonlySet<string>;
};

export type Find = 'any' | 'as unknown as' | 'clock' | 'chance' | 'async' | 'transaction' | 'acting on a person';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every TypeScript file of these folders, parsed by the same compiler that checks it. */
export function readSources(folders: readonly string[]): readonly Source[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects();
    if (project === undefined) throw new Error('tsconfig.json opens no project');
    const roots = folders.map((folder) => join(ROOT, folder, '/'));
    return project.program
      .getSourceFileNames()
      .filter((name) => name.endsWith('.ts') && roots.some((root) => name.startsWith(root)))
      .map((name) => {
        const file = project.program.getSourceFile(name);
        if (file === undefined) throw new Error(`${name} was not parsed`);
        return readSource(file, name.slice(ROOT.length));
      });
  } finally {
    api.close();
  }
}

function readSource(file: SourceFile, path: string): Source {
  const imports: Import[] = [];
  const functions: Source['functions'][number][] = [];
  const addresses: Source['addresses'][number][] = [];
  const finds: Source['finds'][number][] = [];
  const visit = (node: Node): void => {
    const found = findIn(node);
    if (found !== undefined) finds.push({ what: found, line: lineOf(file, node) });
    const imported = importIn(node, path);
    if (imported !== undefined) imports.push(imported);
    for (const address of addressesIn(file, node)) addresses.push({ address, line: lineOf(file, node) });
    if (FUNCTIONS.has(node.kind) && !isSection(node)) {
      functions.push({ line: lineOf(file, node), lines: linesOf(node.getText(file)) });
    }
    node.forEachChild(visit);
  };
  visit(file);
  const declarations = file.statements.map((statement) => declarationOf(file, statement));
  const lines = linesOf(file.text.trimEnd());
  return { path, text: file.text, lines, imports, declarations, functions, addresses, finds };
}

const FUNCTIONS = new Set<SyntaxKind>([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

const TEXTS = new Set<SyntaxKind>([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
]);

function addressesIn(file: SourceFile, node: Node): readonly string[] {
  if (!TEXTS.has(node.kind)) return [];
  // A text after `${….origin}` begins with an address, like one after a quote.
  const isAfterOrigin = file.text.slice(0, node.getStart(file)).endsWith('origin');
  const text = isAfterOrigin ? node.getText(file).replace('}', "'") : node.getText(file);
  return [...text.matchAll(/(?<=['"`])\/[a-z][a-z0-9-]*(?=[/?#'"`$])/g)].map(([address]) => address);
}

/**
 * The argument of `describe` is a section of a file and no function: it only declares tests, and each of them is
 * measured.
 */
function isSection({ parent }: Node): boolean {
  return parent?.kind === SyntaxKind.CallExpression && /^(test\.)?describe\b/.test(parent.getText());
}

function linesOf(text: string): number {
  return text.split('\n').length;
}

function lineOf(file: SourceFile, node: Node): number {
  return linesOf(file.text.slice(0, node.getStart(file)));
}

function importIn(node: Node, from: string): Import | undefined {
  if (node.kind === SyntaxKind.ImportDeclaration) {
    const { moduleSpecifier, importClause } = node as ImportDeclaration;
    const typeOnly = importClause?.phaseModifier === SyntaxKind.TypeKeyword;
    return importOf(moduleSpecifier.getText(), from, { typeOnly, names: namesOf(importClause?.namedBindings) });
  }
  if (node.kind === SyntaxKind.ExportDeclaration) {
    const { moduleSpecifier, isTypeOnly } = node as ExportDeclaration;
    if (moduleSpecifier === undefined) return undefined;
    return importOf(moduleSpecifier.getText(), from, { typeOnly: isTypeOnly, reExport: true });
  }
  if (node.kind !== SyntaxKind.CallExpression) return undefined;
  const call = node as CallExpression;
  if (call.expression.kind !== SyntaxKind.ImportKeyword) return undefined;
  return importOf(call.arguments[0]?.getText() ?? '', from, { lazy: true });
}

function importOf(
  quoted: string,
  from: string,
  { typeOnly = false, lazy = false, reExport = false, names = new Map() }: Partial<Import>,
): Import {
  const specifier = quoted.replace(/^['"`]|['"`]$/g, '');
  return { target: targetOf(specifier, from), specifier, typeOnly, lazy, reExport, names };
}

function namesOf(bindings: NamedImportBindings | undefined): ReadonlyMap<string, string> {
  if (bindings?.kind !== SyntaxKind.NamedImports) return new Map();
  const { elements } = bindings as NamedImports;
  return new Map(elements.map(({ name, propertyName }) => [name.text, propertyName?.text ?? name.text]));
}

function declarationOf(file: SourceFile, statement: Node): Declaration {
  const uses = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === SyntaxKind.Identifier) uses.add((node as Identifier).text);
    if (node.kind === SyntaxKind.PropertyAccessExpression) visit((node as PropertyAccessExpression).expression);
    else node.forEachChild(visit);
  };
  if (statement.kind !== SyntaxKind.ImportDeclaration) visit(statement);
  return { names: declaredBy(statement), lines: linesOf(statement.getText(file)), uses };
}

function declaredBy(statement: Node): readonly string[] {
  if (statement.kind !== SyntaxKind.VariableStatement) {
    const { name } = statement as Partial<FunctionDeclaration>;
    return name === undefined ? [] : [name.text];
  }
  const { declarations } = (statement as VariableStatement).declarationList;
  // A pattern declares each name in it. Its source is counted too, as a whole.
  return declarations.flatMap(({ name }) => name.getText().match(/\w+/g) ?? []);
}

function targetOf(specifier: string, from: string): string {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`;
  return specifier.startsWith('.') ? join(from, '..', specifier) : specifier;
}

function findIn(node: Node): Find | undefined {
  if (node.kind === SyntaxKind.AnyKeyword) return 'any';
  if (node.kind === SyntaxKind.AsExpression)
    return /\bas\s+unknown\s+as\b/.test(node.getText()) ? 'as unknown as' : undefined;
  if (node.kind === SyntaxKind.AwaitExpression || node.kind === SyntaxKind.AsyncKeyword) return 'async';
  if (node.kind === SyntaxKind.CallExpression) {
    const called = (node as CallExpression).expression.getText();
    if (called === 'actingOn') return 'acting on a person';
    return BARE_TRANSACTION.test(called) ? 'transaction' : undefined;
  }
  if (node.kind === SyntaxKind.NewExpression) return /^new Date(\(\))?$/.test(node.getText()) ? 'clock' : undefined;
  if (node.kind !== SyntaxKind.PropertyAccessExpression) return undefined;
  const text = node.getText();
  if (text === 'Date.now' || text === 'performance.now') return 'clock';
  return CHANCE.has(text) ? 'chance' : undefined;
}

/** Without those of `flows/runtime/acting.ts`, because they repeat the check of the guard. */
const BARE_TRANSACTION = /(?:\.transaction|^personTransaction|^transactionOrRefusal)$/;

const CHANCE = new Set(['Math.random', 'crypto.randomUUID', 'crypto.getRandomValues']);
