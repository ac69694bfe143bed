/**
 * Named templates parsed together, and texts run beside them: what Alertmanager does with `templates:` files and the
 * fields of receivers, and Prometheus with an annotation. Definitions in a text are its own and change no other.
 */
import type { Diagnostic } from '../config/diagnostic.ts';
import { positionAt, sourceFile } from '../config/source.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { GoFunction, GoValue } from '../lib/go-value.ts';
import { isEmptyTree, type TemplateSource, type TemplateTree } from './ast.ts';
import { isBuiltin } from './builtins.ts';
import { type Budget, DEFAULT_LIMITS, executeTemplate, type MissingKey, newBudget, type Rendered, type TemplateLimits } from './execute.ts';
import { escapeTemplates } from './html-escape.ts';
import { HTML_ESCAPERS } from './html-escapers.ts';
import { parseTemplate } from './parser.ts';

/** `name` is the file's path; templates know it by its last part. */
export type TemplateFile = { readonly name: string; readonly text: string };

export type TemplateOptions = {
  readonly functions: ReadonlyMap<string, GoFunction>;
  readonly missingKey?: MissingKey;
  readonly limits?: TemplateLimits;
};

/** One rendering as functions see it that render in turn, in the same mode and out of the same budget. */
export type Rendering = {
  readonly renderText: (text: string, functions: ReadonlyMap<string, GoFunction>) => Rendered;
  readonly renderNamed: (name: string, data: GoValue | null) => Rendered;
};

/** What one text of a receiver is run with. */
export type RunOptions = {
  /** What Go calls the text in its errors; Alertmanager gives it no name. */
  readonly name?: string;
  /** Replace functions of the same name, which the parser must know. */
  readonly bind?: (rendering: Rendering) => ReadonlyMap<string, GoFunction>;
};

type Mode = 'text' | 'html';
type Trees = ReadonlyMap<string, TemplateTree>;

/** Every file with a mistake gives one diagnostic, as Go's parser stops at the first. */
export function parseTemplates(
  files: readonly TemplateFile[],
  options: TemplateOptions,
): TemplateSet | { readonly diagnostics: readonly Diagnostic[] } {
  let trees: Trees = new Map();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const source: TemplateSource = { name: file.name.slice(file.name.lastIndexOf('/') + 1), text: file.text };
    const parsed = parseTemplate(source, (name) => options.functions.has(name) || isBuiltin(name));
    if (parsed.kind === 'parsed') trees = withTrees(trees, parsed.trees);
    else {
      const place = positionAt(sourceFile(file.name, file.text), parsed.at);
      const { reason: message, message: upstream } = parsed;
      diagnostics.push({ code: 'bad_template', severity: 'error', file: file.name, ...place, message, upstream });
    }
  }
  return diagnostics.length > 0 ? { diagnostics } : new TemplateSet(trees, options);
}

/** A definition that is empty does not replace one that exists. */
function withTrees(existing: Trees, added: Trees): Trees {
  const trees = new Map(existing);
  for (const [name, tree] of added) if (!trees.has(name) || !isEmptyTree(tree.root)) trees.set(name, tree);
  return trees;
}

/** Texts come from the configuration, so there are few; the bound is for those that do not. */
const CACHE_MAX = 500;

export class TemplateSet {
  readonly #trees: Trees;
  readonly #options: TemplateOptions;
  readonly #prepared = new Map<string, Prepared>();

  constructor(trees: Trees, options: TemplateOptions) {
    this.#trees = trees;
    this.#options = options;
  }

  /** Go's text/template. An empty text is empty. */
  executeText(text: string, data: GoValue | null, run: RunOptions = {}): Rendered {
    return this.#execute('text', text, data, run, newBudget());
  }

  /** A text that its owner keeps and runs often; what is wrong with it comes out when it runs. */
  prepareText(text: string, name: string): Prepared {
    return this.#parse('text', { name, text });
  }

  runText(prepared: Prepared, data: GoValue | null, run: RunOptions): Rendered {
    return 'error' in prepared ? prepared : this.#run('text', prepared, prepared.main, data, run, newBudget());
  }

  /** Go's html/template: what is inserted is escaped for where it stands. */
  executeHtml(text: string, data: GoValue | null, run: RunOptions = {}): Rendered {
    return this.#execute('html', text, data, run, newBudget());
  }

  /** Null where the text parses, else Go's error. */
  check(text: string, name = ''): string | null {
    const prepared = this.#prepare('text', name, text);
    return 'error' in prepared ? prepared.error : null;
  }

  #execute(mode: Mode, text: string, data: GoValue | null, run: RunOptions, budget: Budget): Rendered {
    const prepared = this.#prepare(mode, run.name ?? '', text);
    return 'error' in prepared ? prepared : this.#run(mode, prepared, prepared.main, data, run, budget);
  }

  #run(mode: Mode, prepared: Runnable, main: TemplateTree, data: GoValue | null, run: RunOptions, budget: Budget): Rendered {
    const { functions, missingKey = 'zero', limits = DEFAULT_LIMITS } = this.#options;
    const bound = run.bind?.({
      renderText: (text, own) => this.#execute(mode, text, data, { ...run, bind: () => own }, budget),
      renderNamed: (name, argument) => {
        const tree = prepared.named(name);
        return 'error' in tree ? { ...tree, stage: 'execute' } : this.#run(mode, prepared, tree, argument, run, budget);
      },
    });
    const escaper = (name: string): GoFunction | undefined => (mode === 'html' ? HTML_ESCAPERS.get(name) : undefined);
    return executeTemplate(main, data, {
      template: prepared.lookUp,
      function: (name) => bound?.get(name) ?? functions.get(name) ?? escaper(name),
      missingKey,
      limits,
      budget,
    });
  }

  #prepare(mode: Mode, name: string, text: string): Prepared {
    const key = `${mode} ${name} ${text}`;
    const cached = this.#prepared.get(key);
    if (cached !== undefined) return cached;
    const prepared = this.#parse(mode, { name, text });
    if (this.#prepared.size >= CACHE_MAX) this.#prepared.clear();
    this.#prepared.set(key, prepared);
    return prepared;
  }

  #parse(mode: Mode, source: TemplateSource): Prepared {
    const parsed = parseTemplate(source, (name) => this.#options.functions.has(name) || isBuiltin(name));
    if (parsed.kind === 'error') return { error: parsed.message, stage: 'parse' };
    const trees = withTrees(this.#trees, parsed.trees);
    const main = parsed.trees.get(source.name);
    if (main === undefined) throw new Error('BUG: the parser gives no main template');
    if (mode === 'html') return escapeTemplates(trees, main);
    const missing = (name: string): { error: string } => ({
      error: `template: no template ${goQuote(name)} associated with template ${goQuote(source.name)}`,
    });
    return { main, lookUp: (name) => trees.get(name), named: (name) => trees.get(name) ?? missing(name) };
  }
}

/** A text ready to run, and the templates that it may call. */
export type Runnable = {
  readonly main: TemplateTree;
  readonly lookUp: (name: string) => TemplateTree | undefined;
  /** For functions that run a template of their choice; escaped where the mode escapes. */
  readonly named: (name: string) => TemplateTree | { readonly error: string };
};
export type Prepared = { readonly error: string; readonly stage: 'parse' | 'execute' } | Runnable;
