/**
 * Contextual escaping (html/template/escape.go): follows every path through a template, knows where in the HTML each
 * action stands, and appends the escapers that make its value harmless there. A template that is called in another
 * context than text gets a copy for that context. Trees are not changed: escaping makes new ones.
 */
import { goQuote } from '../lib/go-quote.ts';
import {
  type ActionNode,
  type BranchNode,
  type BreakNode,
  type CallNode,
  type CommandNode,
  type ContinueNode,
  goLocation,
  type ListNode,
  type Node,
  type PipeNode,
  printNode,
  type TemplateSource,
  type TemplateTree,
  type TextNode,
} from './ast.ts';
import {
  type Context,
  isComment,
  isInScriptLiteral,
  joined,
  mangledName,
  nudged,
  printContext,
  type State,
  sameContext,
  TEXT,
} from './html-context.ts';
import { unescapeHtml } from './html-entities.ts';
import { beforeSpecialEnd, transition } from './html-transition.ts';
import type { Prepared } from './template-set.ts';

export function escapeTemplates(trees: ReadonlyMap<string, TemplateTree>, main: TemplateTree): Prepared {
  const escaper = new Escaper(trees);
  const escaped = escaper.escape(main.name);
  if ('error' in escaped) return { ...escaped, stage: 'execute' };
  return {
    main: escaped,
    lookUp: (name) => escaper.tree(name),
    named: (name) => (trees.has(name) ? escaper.escape(name) : { error: `html/template: ${goQuote(name)} is undefined` }),
  };
}

/** Where a mistake was found; the node's place where it is known, else the line. */
type Mistake = {
  readonly reason: string;
  readonly place: { readonly source: TemplateSource; readonly at: number } | null;
  readonly line: number;
};

/** The context after a node, and the mistake if it is the error state. */
type Outcome = { readonly context: Context; readonly mistake: Mistake | null };

/** Contexts at the breaks and continues of a loop. */
type Loop = { readonly outer: Loop | null; readonly exits: { readonly context: Context; readonly node: BreakNode | ContinueNode }[] };

/** What has been inferred and what is to be changed; kept only where the assumptions that it rests on hold. */
class Inferences {
  /** By mangled name: the context after the template. */
  readonly output = new Map<string, Context>();
  readonly derived = new Map<string, TemplateTree>();
  readonly called = new Set<string>();
  readonly actions = new Map<ActionNode, readonly string[]>();
  readonly calls = new Map<CallNode, string>();
  readonly texts = new Map<TextNode, string>();

  mergeFrom(other: Inferences): void {
    for (const [name, context] of other.output) this.output.set(name, context);
    for (const [name, tree] of other.derived) this.derived.set(name, tree);
    for (const name of other.called) this.called.add(name);
    for (const [node, escapers] of other.actions) this.actions.set(node, escapers);
    for (const [node, name] of other.calls) this.calls.set(node, name);
    for (const [node, text] of other.texts) this.texts.set(node, text);
  }
}

/** Templates within templates. */
const DEPTH_MAX = 200;

class Escaper {
  readonly #trees: ReadonlyMap<string, TemplateTree>;
  #inferred = new Inferences();
  #source: TemplateSource = { name: '', text: '' };
  #loop: Loop | null = null;
  #depth = 0;
  readonly #committed = new Map<string, TemplateTree>();

  constructor(trees: ReadonlyMap<string, TemplateTree>) {
    this.#trees = trees;
  }

  /** The template with escapers in place, and every template that it calls with it. */
  escape(name: string): TemplateTree | { readonly error: string } {
    const { context, mistake } = this.#template(TEXT, name, null, 0).outcome;
    if (mistake !== null) return { error: describe(mistake, name) };
    if (context.state !== 'stateText') {
      return { error: describe({ reason: `ends in a non-text context: ${printContext(context)}`, place: null, line: 0 }, name) };
    }
    for (const [mangled] of this.#inferred.output) this.#commit(mangled);
    return this.tree(name) ?? { error: `html/template: ${goQuote(name)} is an incomplete template` };
  }

  tree(mangled: string): TemplateTree | undefined {
    return this.#committed.get(mangled);
  }

  #commit(mangled: string): void {
    const tree = this.#find(mangled);
    if (tree !== undefined && !this.#committed.has(mangled)) {
      this.#committed.set(mangled, { ...tree, name: mangled, root: rewritten(tree.root, this.#inferred) });
    }
  }

  #find(mangled: string): TemplateTree | undefined {
    return this.#trees.get(mangled) ?? this.#inferred.derived.get(mangled);
  }

  #mistake(reason: string, node: Node | ListNode | null, line = 0): Outcome {
    const place = node === null ? null : { source: this.#source, at: node.at };
    return { context: { ...TEXT, state: 'stateError', failure: reason }, mistake: { reason, place, line } };
  }

  // Nodes.

  #node(c: Context, node: Node): Outcome {
    switch (node.kind) {
      case 'text':
        return this.#text(c, node);
      case 'action':
        return this.#action(c, node);
      case 'break':
      case 'continue':
        this.#loop?.exits.push({ context: c, node });
        return fine({ ...TEXT, state: 'stateDead' });
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(c, node);
      case 'template': {
        const { outcome, mangled } = this.#template(c, node.name, node, node.line);
        if (mangled !== node.name) this.#inferred.calls.set(node, mangled);
        return outcome;
      }
    }
  }

  #list(c: Context, list: ListNode | null): Outcome {
    let outcome = fine(c);
    for (const node of list?.nodes ?? []) {
      outcome = this.#node(outcome.context, node);
      if (outcome.mistake !== null || outcome.context.state === 'stateDead') break;
    }
    return outcome;
  }

  #action(c: Context, node: ActionNode): Outcome {
    if (node.pipe.variables.length > 0) return fine(c);
    const context = nudged(c);
    for (const [i, command] of node.pipe.commands.entries()) {
      const [first] = command.args;
      if (first.kind !== 'identifier' || !PREDEFINED.has(first.name)) continue;
      const isLast = i === node.pipe.commands.length - 1;
      if (!isLast || (context.state === 'stateAttr' && context.delimiter === 'delimSpaceOrTagEnd' && first.name === 'html')) {
        return this.#mistake(`predefined escaper ${goQuote(first.name)} disallowed in template`, node);
      }
    }
    const chosen = escapersFor(context);
    if (chosen === null) return this.#mistake(`${printNode(node)} appears in an ambiguous context within a URL`, node);
    this.#inferred.actions.set(node, chosen);
    if (context.state === 'stateJS') return fine({ ...context, js: 'jsCtxDivOp' });
    return fine(context.state === 'stateTag' ? { ...context, state: 'stateAttrName' } : context);
  }

  #branch(c: Context, node: BranchNode): Outcome {
    let first: Outcome;
    if (node.kind === 'range') {
      const outer = this.#loop;
      first = this.#rangeBody(c, node, outer);
      this.#loop = outer;
      if (first.mistake !== null) return first;
    } else first = this.#list(c, node.list);
    const second = this.#list(c, node.elseList);
    return this.#joined(first, second, node);
  }

  /** A loop's body must end where it begins, because it may run again. */
  #rangeBody(c: Context, node: BranchNode, outer: Loop | null): Outcome {
    this.#loop = { outer, exits: [] };
    let once = this.#list(c, node.list);
    if (once.mistake === null) once = this.#joinedExits(once, this.#loop);
    if (once.mistake !== null) return once;
    this.#loop = { outer, exits: [] };
    const again = this.#tentatively(once.context, node.list, () => false).outcome;
    const both = this.#joined(once, again, node);
    if (both.mistake !== null) {
      return { ...both, mistake: { ...both.mistake, line: node.line, reason: `on range loop re-entry: ${both.mistake.reason}` } };
    }
    return this.#joinedExits(both, this.#loop);
  }

  #joinedExits(outcome: Outcome, loop: Loop): Outcome {
    let result = outcome;
    const ordered = [
      ...loop.exits.filter((exit) => exit.node.kind === 'break'),
      ...loop.exits.filter((exit) => exit.node.kind === 'continue'),
    ];
    for (const { context, node } of ordered) {
      result = this.#joined(result, fine(context), node, 'range');
      if (result.mistake !== null) {
        return {
          ...result,
          mistake: { ...result.mistake, line: node.line, reason: `at range loop ${node.kind}: ${result.mistake.reason}` },
        };
      }
    }
    return result;
  }

  #joined(a: Outcome, b: Outcome, node: BranchNode | BreakNode | ContinueNode, keyword: string = node.kind): Outcome {
    if (a.mistake !== null) return a;
    if (b.mistake !== null) return b;
    const context = joined(a.context, b.context, keyword);
    return context.failure === null ? fine(context) : this.#mistake(context.failure, node);
  }

  // Templates.

  #template(c: Context, name: string, node: CallNode | null, line: number): { readonly outcome: Outcome; readonly mangled: string } {
    const mangled = mangledName(name, c);
    this.#inferred.called.add(mangled);
    const known = this.#inferred.output.get(mangled);
    if (known !== undefined) return { outcome: fine(known), mangled };
    const original = this.#trees.get(name);
    if (original === undefined) return { outcome: this.#mistake(`no such template ${goQuote(name)}`, node, line), mangled };
    let tree = original;
    if (mangled !== name) {
      tree = this.#find(mangled) ?? { ...original, name: mangled, root: copied(original.root) };
      this.#inferred.derived.set(mangled, tree);
    }
    if (this.#depth >= DEPTH_MAX) return { outcome: this.#mistake(`exceeded maximum template depth (${DEPTH_MAX})`, node, line), mangled };
    this.#depth++;
    const [source, loop] = [this.#source, this.#loop];
    this.#source = tree.source;
    this.#loop = null;
    const outcome = this.#outputOf(c, tree);
    this.#source = source;
    this.#loop = loop;
    this.#depth--;
    return { outcome, mangled };
  }

  /** The context after a template that may call itself: a first guess, then the guess that came of it. */
  #outputOf(c: Context, tree: TemplateTree): Outcome {
    const first = this.#body(c, c, tree);
    if (first.holds) return first.outcome;
    const second = this.#body(c, first.outcome.context, tree);
    if (second.holds) return second.outcome;
    if (first.outcome.mistake !== null) return first.outcome;
    return this.#mistake(`cannot compute output context for template ${tree.name}`, tree.root);
  }

  #body(c: Context, assumed: Context, tree: TemplateTree): { readonly outcome: Outcome; readonly holds: boolean } {
    this.#inferred.output.set(tree.name, assumed);
    const result = this.#tentatively(c, tree.root, (outcome, inferred) => {
      if (outcome.mistake !== null) return false;
      return !inferred.called.has(tree.name) || sameContext(assumed, outcome.context);
    });
    if (result.holds) this.#inferred.output.set(tree.name, result.outcome.context);
    return result;
  }

  /** Follows the list; what it inferred counts only if `holds` says so. */
  #tentatively(
    c: Context,
    list: ListNode,
    holds: (outcome: Outcome, inferred: Inferences) => boolean,
  ): { readonly outcome: Outcome; readonly holds: boolean } {
    const kept = this.#inferred;
    const tried = new Inferences();
    for (const [name, context] of kept.output) tried.output.set(name, context);
    for (const [name, tree] of kept.derived) tried.derived.set(name, tree);
    this.#inferred = tried;
    const outcome = this.#list(c, list);
    this.#inferred = kept;
    const isKept = holds(outcome, tried);
    if (isKept) kept.mergeFrom(tried);
    return { outcome, holds: isKept };
  }

  // Text.

  #text(start: Context, node: TextNode): Outcome {
    const { text } = node;
    let c = start;
    let out = '';
    let written = 0;
    let at = 0;
    while (at < text.length) {
      const { context: next, read } = this.#afterText(c, text.slice(at));
      if (next.failure !== null) return this.#mistake(next.failure, null);
      const end = at + read;
      if (c.state === 'stateText' || c.state === 'stateRCDATA') {
        // A lone < that begins no tag is text.
        const lastOpen = next.state === c.state ? -1 : text.slice(at, end).lastIndexOf('<');
        const tagStart = lastOpen < 0 ? end : at + lastOpen;
        for (let i = at; i < tagStart; i++) {
          if (text.charAt(i) !== '<' || text.slice(i, i + 9).toUpperCase() === '<!DOCTYPE') continue;
          out += `${text.slice(written, i)}&lt;`;
          written = i + 1;
        }
      } else if (isComment(c.state) && c.delimiter === 'delimNone') {
        if (c.state === 'stateJSBlockCmt') out += /[\n\r\u2028\u2029]/.test(text.slice(written, end)) ? '\n' : ' ';
        else if (c.state === 'stateCSSBlockCmt') out += ' ';
        written = end;
      }
      if (c.state !== next.state && isComment(next.state) && next.delimiter === 'delimNone') {
        out += text.slice(written, end - commentStartLength(next.state));
        written = end;
      }
      if (isInScriptLiteral(c.state) && SCRIPT_TAG.test(text.slice(at, end))) {
        out += text.slice(written, at) + text.slice(at, end).replaceAll(SCRIPT_TAGS, '\\x3C$1');
        written = end;
      }
      if (end === at && c.state === next.state) throw new Error(`BUG: no progress from ${printContext(c)} on ${goQuote(text.slice(at))}`);
      c = next;
      at = end;
    }
    if (written > 0) this.#inferred.texts.set(node, isComment(c.state) && c.delimiter === 'delimNone' ? out : out + text.slice(written));
    return fine(c);
  }

  #afterText(c: Context, text: string): { readonly context: Context; readonly read: number } {
    if (c.delimiter === 'delimNone') {
      const special = beforeSpecialEnd(c, text);
      if (special.read === 0) return special;
      return transition(c.state, c, text.slice(0, special.read));
    }
    // In an attribute's value.
    const found = text.search(DELIMITER_ENDS[c.delimiter]);
    const end = found < 0 ? text.length : found;
    if (c.delimiter === 'delimSpaceOrTagEnd') {
      // Browsers differ on where such a value ends.
      const bad = /["'<=`]/.exec(text.slice(0, end))?.[0];
      if (bad !== undefined) {
        const failure = `${goQuote(bad)} in unquoted attr: ${goQuote(text.slice(0, end))}`;
        return { context: { ...TEXT, state: 'stateError', failure }, read: text.length };
      }
    }
    if (end === text.length) return { context: afterAttributeText(c, unescapeHtml(text)), read: text.length };
    const isOtherScript =
      c.state === 'stateAttr' && c.element === 'elementScript' && c.attribute === 'attrScriptType' && !isJsType(text.slice(0, end));
    return {
      context: { ...TEXT, state: 'stateTag', element: isOtherScript ? 'elementNone' : c.element },
      read: c.delimiter === 'delimSpaceOrTagEnd' ? end : end + 1,
    };
  }
}

const fine = (context: Context): Outcome => ({ context, mistake: null });

function describe({ reason, place, line }: Mistake, name: string): string {
  if (place !== null) return `html/template:${goLocation(place.source, place.at)}: ${reason}`;
  if (line !== 0) return `html/template:${name}:${line}: ${reason}`;
  return name === '' ? `html/template: ${reason}` : `html/template:${name}: ${reason}`;
}

const DELIMITER_ENDS = { delimDoubleQuote: /"/, delimSingleQuote: /'/, delimSpaceOrTagEnd: /[ \t\n\f\r>]/ };
const SCRIPT_TAG = /<(?:script|\/script|!--)/i;
const SCRIPT_TAGS = /<(script|\/script|!--)/gi;

/** `/*` or `//`, `<!--`, `-->` */
const commentStartLength = (state: State): number =>
  state === 'stateHTMLCmt' || state === 'stateJSHTMLOpenCmt' ? 4 : state === 'stateJSHTMLCloseCmt' ? 3 : 2;

/** Text within an attribute, its entities decoded, moves the context of the value. */
function afterAttributeText(c: Context, decoded: string): Context {
  let context = c;
  let rest = decoded;
  while (rest !== '') {
    const step = transition(context.state, context, rest);
    context = step.context;
    rest = rest.slice(step.read);
  }
  return context;
}

const JS_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/ecmascript',
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/x-ecmascript',
  'application/x-javascript',
  'module',
  'text/ecmascript',
  'text/javascript',
  'text/javascript1.0',
  'text/javascript1.1',
  'text/javascript1.2',
  'text/javascript1.3',
  'text/javascript1.4',
  'text/javascript1.5',
  'text/jscript',
  'text/livescript',
  'text/x-ecmascript',
  'text/x-javascript',
]);
const isJsType = (type: string): boolean => JS_TYPES.has((type.split(';')[0] ?? '').trim().toLowerCase());

// Escapers.

/** Functions of the language that a context's own escaper may stand for; they may end a pipeline, no more. */
const PREDEFINED: ReadonlySet<string> = new Set(['html', 'urlquery']);

/** The escapers of a context in order; null where it is ambiguous. */
function escapersFor(c: Context): readonly string[] | null {
  const byState = escapersOfState(c);
  if (byState === null) return null;
  if (c.delimiter === 'delimNone') return byState;
  return [...byState, c.delimiter === 'delimSpaceOrTagEnd' ? '_html_template_nospaceescaper' : '_html_template_attrescaper'];
}

function escapersOfState(c: Context): readonly string[] | null {
  switch (c.state) {
    case 'stateURL':
    case 'stateCSSDqStr':
    case 'stateCSSSqStr':
    case 'stateCSSDqURL':
    case 'stateCSSSqURL':
    case 'stateCSSURL': {
      const isString = c.state === 'stateCSSDqStr' || c.state === 'stateCSSSqStr';
      const normalizer = isString ? '_html_template_cssescaper' : '_html_template_urlnormalizer';
      if (c.urlPart === 'urlPartNone') return ['_html_template_urlfilter', normalizer];
      if (c.urlPart === 'urlPartPreQuery') return [normalizer];
      return c.urlPart === 'urlPartQueryOrFrag' ? ['_html_template_urlescaper'] : null;
    }
    case 'stateMetaContentURL':
      return ['_html_template_urlfilter'];
    case 'stateMetaContent':
    case 'stateAttr':
      return [];
    case 'stateJS':
      return ['_html_template_jsvalescaper'];
    case 'stateJSDqStr':
    case 'stateJSSqStr':
      return ['_html_template_jsstrescaper'];
    case 'stateJSTmplLit':
      return ['_html_template_jstmpllitescaper'];
    case 'stateJSRegexp':
      return ['_html_template_jsregexpescaper'];
    case 'stateCSS':
      return ['_html_template_cssvaluefilter'];
    case 'stateText':
      return ['_html_template_htmlescaper'];
    case 'stateRCDATA':
      return ['_html_template_rcdataescaper'];
    case 'stateAttrName':
    case 'stateTag':
      return ['_html_template_htmlnamefilter'];
    case 'stateSrcset':
      return ['_html_template_srcsetescaper'];
    case 'stateHTMLCmt':
    case 'stateJSBlockCmt':
    case 'stateJSLineCmt':
    case 'stateJSHTMLOpenCmt':
    case 'stateJSHTMLCloseCmt':
    case 'stateCSSBlockCmt':
    case 'stateCSSLineCmt':
      return ['_html_template_commentescaper'];
    case 'stateAfterName':
    case 'stateBeforeValue':
    case 'stateError':
    case 'stateDead':
      throw new Error(`BUG: an action in ${c.state}`);
  }
}

/** What a predefined escaper does as well; urlquery is stricter than the normalizer. */
const EQUIVALENTS = new Map([
  ['_html_template_attrescaper', 'html'],
  ['_html_template_htmlescaper', 'html'],
  ['_html_template_rcdataescaper', 'html'],
  ['_html_template_urlescaper', 'urlquery'],
  ['_html_template_urlnormalizer', 'urlquery'],
]);
const normalized = (name: string): string => EQUIVALENTS.get(name) ?? name;

/** Behind the first, the second changes nothing. */
const REDUNDANT: ReadonlySet<string> = new Set([
  '_html_template_commentescaper _html_template_attrescaper',
  '_html_template_commentescaper _html_template_htmlescaper',
  '_html_template_cssescaper _html_template_attrescaper',
  '_html_template_jsregexpescaper _html_template_attrescaper',
  '_html_template_jsstrescaper _html_template_attrescaper',
  '_html_template_jstmpllitescaper _html_template_attrescaper',
  '_html_template_urlescaper _html_template_urlnormalizer',
]);

const nameOf = (command: CommandNode | undefined): string | null => (command?.args[0].kind === 'identifier' ? command.args[0].name : null);

/** The pipeline with the escapers behind it; a predefined escaper at its end takes the place of an equivalent one. */
function withEscapers(pipe: PipeNode, escapers: readonly string[]): PipeNode {
  if (escapers.length === 0) return pipe;
  const call = (name: string): CommandNode => ({ kind: 'command', at: pipe.at, args: [{ kind: 'identifier', at: pipe.at, name }] });
  const commands = [...pipe.commands];
  let wanted = escapers;
  const last = commands.at(-1);
  const predefined = nameOf(last);
  if (last !== undefined && predefined !== null && PREDEFINED.has(predefined)) {
    if (commands.length === 1 && last.args.length > 1) {
      // {{html a b}} as {{_eval_args_ a b | html}}, so that html can be merged.
      commands[0] = { ...last, args: [{ kind: 'identifier', at: last.args[0].at, name: '_eval_args_' }, ...last.args.slice(1)] };
      append(commands, call(predefined));
    }
    if (escapers.some((name) => normalized(name) === predefined)) {
      wanted = escapers.map((name) => (normalized(name) === predefined ? predefined : name));
      commands.pop();
    }
  }
  const present = new Set(commands.map(nameOf).flatMap((name) => (name === null ? [] : [normalized(name)])));
  for (const name of wanted) if (!present.has(normalized(name))) append(commands, call(name));
  return { ...pipe, commands };
}

function append(commands: CommandNode[], command: CommandNode): void {
  if (!REDUNDANT.has(`${nameOf(commands.at(-1))} ${nameOf(command)}`)) commands.push(command);
}

/** The list with everything inferred put in its place. */
function rewritten(list: ListNode, inferred: Inferences): ListNode {
  return mapList(list, (node) => {
    switch (node.kind) {
      case 'action':
        return { ...node, pipe: withEscapers(node.pipe, inferred.actions.get(node) ?? []) };
      case 'text':
        return { ...node, text: inferred.texts.get(node) ?? node.text };
      case 'template':
        return { ...node, name: inferred.calls.get(node) ?? node.name };
      default:
        return node;
    }
  });
}

/** Nodes of their own, so that what is inferred about them is. */
const copied = (list: ListNode): ListNode => mapList(list, (node) => ({ ...node }));

function mapList(list: ListNode, map: (node: Node) => Node): ListNode {
  return {
    ...list,
    nodes: list.nodes.map((node) =>
      node.kind === 'if' || node.kind === 'with' || node.kind === 'range'
        ? { ...node, list: mapList(node.list, map), elseList: node.elseList === null ? null : mapList(node.elseList, map) }
        : map(node),
    ),
  };
}
