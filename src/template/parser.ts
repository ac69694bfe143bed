/**
 * Parser of Go templates (text/template/parse/parse.go), with Go's error texts. Nesting is limited far below Go's
 * bounds, because our stack is smaller; the limits are named in the errors.
 */
import { goQuote } from '../lib/go-quote.ts';
import { parseFloat64, parseInteger } from '../lib/go-strconv.ts';
import { goUnquote } from '../lib/go-unquote.ts';
import { runeCount } from '../lib/runes.ts';
import {
  type BranchNode,
  type CallNode,
  type CommandNode,
  isEmptyTree,
  type ListNode,
  type Node,
  type NumberNode,
  type OperandNode,
  type PipeNode,
  printNode,
  type TemplateSource,
  type TemplateTree,
  type VariableNode,
} from './ast.ts';
import { describeToken, Lexer, type Token } from './lexer.ts';

/** `message` is Go's whole text (`template: name:line: …`), `reason` its last part; `at` is where in the source. */
export type ParseError = { readonly kind: 'error'; readonly message: string; readonly reason: string; readonly at: number };
export type Parsed = { readonly kind: 'parsed'; readonly trees: ReadonlyMap<string, TemplateTree> };

/** The trees by name: the text itself under the source's name, and every definition in it. */
export function parseTemplate(source: TemplateSource, isFunction: (name: string) => boolean): Parsed | ParseError {
  try {
    return { kind: 'parsed', trees: new Parser(source, isFunction).parse() };
  } catch (error) {
    if (error instanceof Failure) return { kind: 'error', message: error.message, reason: error.reason, at: error.at };
    throw error;
  }
}

class Failure extends Error {
  readonly reason: string;
  readonly at: number;

  constructor(message: string, reason: string, at: number) {
    super(message);
    this.reason = reason;
    this.at = at;
  }
}

const PAREN_DEPTH_MAX = 200;
const BLOCK_DEPTH_MAX = 500;

type EndNode = { readonly kind: 'end'; readonly at: number } | { readonly kind: 'else'; readonly at: number };
type Scope = { variables: string[]; rangeDepth: number; actionLine: number };

class Parser {
  readonly #source: TemplateSource;
  readonly #isFunction: (name: string) => boolean;
  readonly #lexer: Lexer;
  readonly #trees = new Map<string, TemplateTree>();
  /** Look-ahead as in Go, because error lines are those of slot 0. */
  readonly #tokens: [Token, Token, Token];
  #peeked = 0;
  #scope: Scope = newScope();
  #parenDepth = 0;
  #blockDepth = 0;

  constructor(source: TemplateSource, isFunction: (name: string) => boolean) {
    this.#source = source;
    this.#isFunction = isFunction;
    this.#lexer = new Lexer(source.text);
    const none: Token = { kind: 'eof', at: 0, text: '', line: 1 };
    this.#tokens = [none, none, none];
  }

  parse(): ReadonlyMap<string, TemplateTree> {
    const at = this.#peek().at;
    const nodes: Node[] = [];
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'leftDelim') {
        const delimiter = this.#next();
        if (this.#nextNonSpace().kind === 'define') {
          this.#definition();
          continue;
        }
        this.#backup2(delimiter);
      }
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') this.#fail(`unexpected {{${node.kind}}}`);
      nodes.push(node);
    }
    this.#add(this.#source.name, { kind: 'list', at, nodes });
    return this.#trees;
  }

  // Tokens.

  #next(): Token {
    if (this.#peeked > 0) this.#peeked--;
    else this.#tokens[0] = this.#lexer.next();
    return this.#tokens[this.#peeked] ?? this.#tokens[0];
  }

  #backup(): void {
    this.#peeked++;
  }

  #backup2(first: Token): void {
    this.#tokens[1] = first;
    this.#peeked = 2;
  }

  #backup3(first: Token, second: Token): void {
    this.#tokens[1] = second;
    this.#tokens[2] = first;
    this.#peeked = 3;
  }

  #peek(): Token {
    if (this.#peeked > 0) return this.#tokens[this.#peeked - 1] ?? this.#tokens[0];
    this.#peeked = 1;
    this.#tokens[0] = this.#lexer.next();
    return this.#tokens[0];
  }

  #nextNonSpace(): Token {
    for (;;) {
      const token = this.#next();
      if (token.kind !== 'space') return token;
    }
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#backup();
    return token;
  }

  #fail(reason: string, at = this.#tokens[0].at): never {
    throw new Failure(`template: ${this.#source.name}:${this.#tokens[0].line}: ${reason}`, reason, at);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind === 'error') {
      let extra = '';
      if (this.#scope.actionLine !== 0 && this.#scope.actionLine !== token.line) {
        const start = `started at ${this.#source.name}:${this.#scope.actionLine}`;
        extra = token.text.endsWith(' action') ? ` ${start}` : ` in action ${start}`;
      }
      this.#fail(token.text + extra, token.at);
    }
    this.#fail(`unexpected ${describeToken(token)} in ${context}`, token.at);
  }

  #expect(kind: Token['kind'], context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  // Templates.

  #add(name: string, root: ListNode): void {
    const existing = this.#trees.get(name);
    if (existing === undefined || isEmptyTree(existing.root)) this.#trees.set(name, { name, source: this.#source, root });
    else if (!isEmptyTree(root)) this.#fail(`template: multiple definition of template ${goQuote(name)}`);
  }

  /** `{{define` is past. */
  #definition(): void {
    const context = 'define clause';
    const name = this.#templateName(this.#nextNonSpace(), context);
    this.#expect('rightDelim', context);
    this.#add(name, this.#body(context));
  }

  /** A list of its own (variables and loops outside do not reach in) up to its `{{end}}`. */
  #body(context: string): ListNode {
    const outer = this.#scope;
    this.#scope = newScope();
    const { list, end } = this.#itemList();
    if (end.kind !== 'end') this.#fail(`unexpected {{${end.kind}}} in ${context}`);
    this.#scope = outer;
    return list;
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    return stringOf(token) ?? this.#fail('invalid syntax');
  }

  // Lists.

  #itemList(): { readonly list: ListNode; readonly end: EndNode } {
    if (this.#blockDepth >= BLOCK_DEPTH_MAX) this.#fail(`more than ${BLOCK_DEPTH_MAX} nested blocks`);
    this.#blockDepth++;
    const at = this.#peekNonSpace().at;
    const nodes: Node[] = [];
    while (this.#peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') {
        this.#blockDepth--;
        return { list: { kind: 'list', at, nodes }, end: node };
      }
      nodes.push(node);
    }
    this.#fail('unexpected EOF');
  }

  #textOrAction(): Node | EndNode {
    const token = this.#nextNonSpace();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'leftDelim') this.#unexpected(token, 'input');
    this.#scope.actionLine = token.line;
    const node = this.#action();
    this.#scope.actionLine = 0;
    return node;
  }

  #action(): Node | EndNode {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue': {
        const close = this.#nextNonSpace();
        if (close.kind !== 'rightDelim') this.#unexpected(close, `{{${token.kind}}}`);
        if (this.#scope.rangeDepth === 0) this.#fail(`{{${token.kind}}} outside {{range}}`);
        return { kind: token.kind, at: token.at, line: token.line };
      }
      case 'else': {
        const following = this.#peekNonSpace();
        if (following.kind === 'if' || following.kind === 'with') return { kind: 'else', at: following.at };
        return { kind: 'else', at: this.#expect('rightDelim', 'else').at };
      }
      case 'end':
        return { kind: 'end', at: this.#expect('rightDelim', 'end').at };
      case 'if':
      case 'range':
      case 'with':
        return this.#branch(token.kind);
      case 'template':
        return this.#call();
      default: {
        this.#backup();
        const first = this.#peek();
        return { kind: 'action', at: first.at, line: first.line, pipe: this.#pipeline('command', 'rightDelim') };
      }
    }
  }

  #branch(kind: BranchNode['kind']): BranchNode {
    const variableCount = this.#scope.variables.length;
    const line = this.#peekNonSpace().line;
    const pipe = this.#pipeline(kind, 'rightDelim');
    if (kind === 'range') this.#scope.rangeDepth++;
    const { list, end } = this.#itemList();
    if (kind === 'range') this.#scope.rangeDepth--;
    let elseList: ListNode | null = null;
    if (end.kind === 'else') {
      // `{{else if}}` is an if inside the else that shares its end.
      if ((kind === 'if' || kind === 'with') && this.#peek().kind === kind) {
        this.#next();
        if (this.#blockDepth >= BLOCK_DEPTH_MAX) this.#fail(`more than ${BLOCK_DEPTH_MAX} nested blocks`);
        this.#blockDepth++;
        elseList = { kind: 'list', at: end.at, nodes: [this.#branch(kind)] };
        this.#blockDepth--;
      } else {
        const otherwise = this.#itemList();
        if (otherwise.end.kind !== 'end') this.#fail(`expected end; found {{${otherwise.end.kind}}}`);
        elseList = otherwise.list;
      }
    }
    this.#scope.variables.length = variableCount;
    return { kind, at: pipe.at, line, pipe, list, elseList };
  }

  #block(): CallNode {
    const context = 'block clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, 'rightDelim');
    this.#add(name, this.#body(context));
    return { kind: 'template', at: token.at, line: token.line, name, pipe };
  }

  #call(): CallNode {
    const context = 'template clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    let pipe: PipeNode | null = null;
    if (this.#nextNonSpace().kind !== 'rightDelim') {
      this.#backup();
      pipe = this.#pipeline(context, 'rightDelim');
    }
    return { kind: 'template', at: token.at, line: token.line, name, pipe };
  }

  // Pipelines.

  #pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    const at = this.#peekNonSpace().at;
    const { variables, isAssignment } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      switch (token.kind) {
        case end:
          this.#checkPipeline(commands, context);
          return { kind: 'pipe', at, isAssignment, variables, commands };
        case 'bool':
        case 'charConstant':
        case 'complex':
        case 'dot':
        case 'field':
        case 'identifier':
        case 'number':
        case 'nil':
        case 'rawString':
        case 'string':
        case 'variable':
        case 'leftParen':
          this.#backup();
          commands.push(this.#command());
          break;
        default:
          this.#unexpected(token, context);
      }
    }
  }

  #declarations(context: string): { readonly variables: VariableNode[]; readonly isAssignment: boolean } {
    const variables: VariableNode[] = [];
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.kind !== 'variable') return { variables, isAssignment: false };
      this.#next();
      // `$x foo` needs three tokens of look-ahead to know that $x is an argument: the space is a token.
      const after = this.#peek();
      const following = this.#peekNonSpace();
      const isComma = following.kind === 'char' && following.text === ',';
      if (following.kind !== 'assign' && following.kind !== 'declare' && !isComma) {
        if (after.kind === 'space') this.#backup3(variable, after);
        else this.#backup2(variable);
        return { variables, isAssignment: false };
      }
      this.#nextNonSpace();
      variables.push(variableNode(variable.at, variable.text));
      this.#scope.variables.push(variable.text);
      if (!isComma) return { variables, isAssignment: following.kind === 'assign' };
      if (context !== 'range' || variables.length >= 2) this.#fail(`too many declarations in ${context}`);
      const second = this.#peekNonSpace().kind;
      if (second !== 'variable' && second !== 'rightDelim' && second !== 'rightParen') this.#fail('range can only initialize variables');
    }
  }

  #checkPipeline(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.forEach((command, i) => {
      const kind = command.args[0].kind;
      const isOperand = kind === 'bool' || kind === 'dot' || kind === 'nil' || kind === 'number' || kind === 'string';
      if (i > 0 && isOperand) this.#fail(`non executable command in pipeline stage ${i + 1}`, command.at);
    });
  }

  #command(): CommandNode {
    const at = this.#peekNonSpace().at;
    const args: OperandNode[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== null) args.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.#backup();
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = args;
    if (first === undefined) this.#fail('empty command');
    return { kind: 'command', at, args: [first, ...rest] };
  }

  #operand(): OperandNode | null {
    const node = this.#term();
    if (node === null) return null;
    const first = this.#peek();
    if (first.kind !== 'field') return node;
    const fields: [string, ...string[]] = [this.#next().text.slice(1)];
    while (this.#peek().kind === 'field') fields.push(this.#next().text.slice(1));
    switch (node.kind) {
      case 'field':
        return { kind: 'field', at: first.at, names: [...node.names, ...fields] };
      case 'variable':
        return { kind: 'variable', at: first.at, name: node.name, fields: [...node.fields, ...fields] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${goQuote(printNode(node))}`);
      default:
        return { kind: 'chain', at: first.at, operand: node, fields };
    }
  }

  #term(): OperandNode | null {
    const token = this.#nextNonSpace();
    const { at } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#isFunction(token.text)) this.#fail(`function ${goQuote(token.text)} not defined`, at);
        return { kind: 'identifier', at, name: token.text };
      case 'dot':
        return { kind: 'dot', at };
      case 'nil':
        return { kind: 'nil', at };
      case 'variable':
        if (!this.#scope.variables.includes(token.text)) this.#fail(`undefined variable ${goQuote(token.text)}`, at);
        return variableNode(at, token.text);
      case 'field':
        return { kind: 'field', at, names: [token.text.slice(1)] };
      case 'bool':
        return { kind: 'bool', at, value: token.text === 'true' };
      case 'charConstant':
      case 'complex':
      case 'number': {
        const number = numberNode(token);
        if ('error' in number) this.#fail(number.error, at);
        return number;
      }
      case 'leftParen': {
        if (this.#parenDepth >= PAREN_DEPTH_MAX) this.#fail('max expression depth exceeded', at);
        this.#parenDepth++;
        const pipe = this.#pipeline('parenthesized pipeline', 'rightParen');
        this.#parenDepth--;
        return pipe;
      }
      case 'string':
      case 'rawString': {
        const text = stringOf(token) ?? this.#fail('invalid syntax', at);
        return { kind: 'string', at, quoted: token.text, text };
      }
      default:
        this.#backup();
        return null;
    }
  }
}

/** A raw string has no carriage returns, as in Go's source. */
const stringOf = (token: Token): string | null =>
  goUnquote(token.kind === 'rawString' ? token.text.replaceAll('\r', '') : token.text, 'refuse');

const newScope = (): Scope => ({ variables: ['$'], rangeDepth: 0, actionLine: 0 });
const variableNode = (at: number, name: string): VariableNode => ({ kind: 'variable', at, name, fields: [] });

const INT_MIN = -(1n << 63n);
const INT_MAX = (1n << 63n) - 1n;
const UINT_MAX = (1n << 64n) - 1n;

/** Go's ideal constants: every type that can hold the number exactly gets it. */
function numberNode({ kind, at, text }: Token): NumberNode | { readonly error: string } {
  const node = { kind: 'number', at, text } as const;
  if (kind === 'charConstant') {
    const char = goUnquote(text, 'refuse');
    if (char === null || char === '') return { error: 'invalid syntax' };
    if (runeCount(char) > 1) return { error: `malformed character constant: ${text}` };
    const code = char.codePointAt(0) ?? 0;
    // A byte above 7F, as '\xff', travels as a lone surrogate.
    const value = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
    return { ...node, int: BigInt(value), uint: BigInt(value), float: value, complex: null };
  }
  if (text.endsWith('i')) {
    const split = kind === 'complex' ? Math.max(text.lastIndexOf('+'), text.lastIndexOf('-')) : 0;
    const re = split === 0 ? 0 : parseFloat64(text.slice(0, split));
    const im = parseFloat64(text.slice(split, -1));
    if (typeof re === 'number' && typeof im === 'number') {
      const real = im === 0 ? fromFloat(re) : { int: null, uint: null };
      return { ...node, ...real, float: im === 0 ? re : null, complex: { re, im } };
    }
    return { error: `illegal number syntax: ${goQuote(text)}` };
  }
  const integer = parseInteger(text);
  if (integer !== null) {
    const int = integer >= INT_MIN && integer <= INT_MAX ? integer : null;
    const uint = integer >= 0n && integer <= UINT_MAX && (!/^[+-]/.test(text) || integer === 0n) ? integer : null;
    if (int !== null || uint !== null) return { ...node, int, uint, float: Number(int ?? uint), complex: null };
    return { error: `integer overflow: ${goQuote(text)}` };
  }
  const float = parseFloat64(text);
  if (typeof float !== 'number') return { error: `illegal number syntax: ${goQuote(text)}` };
  if (!/[.eEpP]/.test(text)) return { error: `integer overflow: ${goQuote(text)}` };
  return { ...node, ...fromFloat(float), float, complex: null };
}

function fromFloat(float: number): Pick<NumberNode, 'int' | 'uint'> {
  if (!Number.isInteger(float)) return { int: null, uint: null };
  const integer = BigInt(float);
  return {
    int: integer >= INT_MIN && integer <= INT_MAX ? integer : null,
    uint: integer >= 0n && integer <= UINT_MAX ? integer : null,
  };
}
