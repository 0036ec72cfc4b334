import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CallExpression,
  type ExportDeclaration,
  type ImportDeclaration,
  type NamedImports,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** One import, `export … from` or `import()`. */
export type Import = {
  /** `src/room/file.ts` for a file of ours, else the specifier as written: `node:crypto`, `zod`. */
  readonly target: string;
  readonly specifier: string;
  /** What is imported by name: `import { a, type B as C }` has `a` and `B`. */
  readonly names: readonly string[];
  /** `import type` as a whole. `import { type T }` still loads the file when types are stripped. */
  readonly typeOnly: boolean;
  readonly lazy: boolean;
  readonly reExport: boolean;
};

export type Source = {
  /** From the root of the checkout: `src/core/authenticators/totp.ts`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly functions: readonly {
    readonly line: number;
    readonly lines: number;
    /** With the functions declared inside it. */
    readonly wholeLines: number;
  }[];
  /** `any`, `as unknown as`, `await`, the machine's clock and chance, transactions that no authority begins: where each stands. */
  readonly finds: readonly { readonly what: Find; readonly line: number }[];
};

export type Find = 'any' | 'as unknown as' | 'clock' | 'chance' | 'async' | 'transaction';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every file of these folders, parsed by the compiler that checks it. */
export function readSources(...folders: readonly string[]): readonly Source[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects();
    if (project === undefined) throw new Error('tsconfig.json opens no project');
    const names = project.program.getSourceFileNames();
    return names
      .filter((name) => folders.some((folder) => name.startsWith(join(ROOT, folder, '/'))))
      .filter((name) => name.endsWith('.ts'))
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
  const finds: Source['finds'][number][] = [];
  const visit = (node: Node): void => {
    const found = findIn(node);
    if (found !== undefined) finds.push({ what: found, line: lineOf(file, node) });
    const imported = importIn(node, path);
    if (imported !== undefined) imports.push(imported);
    if (FUNCTIONS.has(node.kind) && !isSection(node)) {
      functions.push({
        line: lineOf(file, node),
        lines: ownLines(file, node),
        wholeLines: linesOf(node.getText(file)),
      });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return { path, lines: linesOf(file.text.trimEnd()), imports, functions, finds };
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

/** What `describe` gets is a section of a file and no function: it only declares the tests, each of which is measured. */
function isSection({ parent }: Node): boolean {
  return parent?.kind === SyntaxKind.CallExpression && /^(test\.)?describe\b/.test(parent.getText());
}

/** A function declared inside another is a function of its own: only a factory's own part is counted for the factory. */
function ownLines(file: SourceFile, node: Node): number {
  let lines = linesOf(node.getText(file));
  const visit = (inner: Node): void => {
    if (inner.kind === SyntaxKind.FunctionDeclaration) lines -= linesOf(inner.getText(file));
    else inner.forEachChild(visit);
  };
  node.forEachChild(visit);
  return lines;
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
    const bindings = importClause?.namedBindings;
    const named = bindings?.kind === SyntaxKind.NamedImports ? (bindings as NamedImports).elements : [];
    const names = named.map(({ name, propertyName }) => (propertyName ?? name).getText());
    return importOf(moduleSpecifier.getText(), from, { typeOnly, names });
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
  { names = [], typeOnly = false, lazy = false, reExport = false }: Partial<Import>,
): Import {
  const specifier = quoted.replace(/^['"`]|['"`]$/g, '');
  return { target: targetOf(specifier, from), specifier, names, typeOnly, lazy, reExport };
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
  if (node.kind === SyntaxKind.CallExpression)
    return BARE_TRANSACTION.test((node as CallExpression).expression.getText()) ? 'transaction' : undefined;
  if (node.kind === SyntaxKind.NewExpression) return /^new Date(\(\))?$/.test(node.getText()) ? 'clock' : undefined;
  if (node.kind !== SyntaxKind.PropertyAccessExpression) return undefined;
  const text = node.getText();
  if (text === 'Date.now' || text === 'performance.now') return 'clock';
  return CHANCE.has(text) ? 'chance' : undefined;
}

/** Those of `flows/runtime/acting.ts` are not among them: they ask again what the guard asked. */
const BARE_TRANSACTION = /(?:\.transaction|^personTransaction|^transactionOrRefusal)$/;

const CHANCE = new Set(['Math.random', 'crypto.randomUUID', 'crypto.getRandomValues']);
