/**
 * Runs a parsed Go template (text/template/exec.go): pipelines, fields, methods and calls on GoValues, with Go's error
 * texts. What a template may cost is bounded: steps, characters of output and of any intermediate text, nesting.
 */
import { BoundedText, TextTooLongError } from '../lib/bounded-text.ts';
import { sprint } from '../lib/go-printf.ts';
import { goQuote } from '../lib/go-quote.ts';
import {
  asElement,
  COMPLEX128,
  FLOAT64,
  GoCallError,
  type GoFunction,
  type GoType,
  type GoValue,
  goBool,
  goInt,
  goString,
  indirect,
  indirectInterface,
  methodOf,
  zeroValue,
} from '../lib/go-value.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import {
  type BranchNode,
  type CallNode,
  type CommandNode,
  goLocation,
  type ListNode,
  type Node,
  type NumberNode,
  type OperandNode,
  type PipeNode,
  printNode,
  type TemplateTree,
} from './ast.ts';
import { BUILTINS, callValue, isAssignable, isTrue, REFLECT_VALUE, TEXT_LENGTH_MAX } from './builtins.ts';

/** What a map answers for a key that it lacks: nothing (printed `<no value>`), its element's zero value, or an error. */
export type MissingKey = 'default' | 'zero' | 'error';

export type TemplateLimits = {
  readonly stepsMax: number;
  /** Characters of the output, and of every text made on the way. */
  readonly lengthMax: number;
};
/** Enough for a mail about 10 000 alerts; about a second of work. */
export const DEFAULT_LIMITS: TemplateLimits = { stepsMax: 10_000_000, lengthMax: TEXT_LENGTH_MAX };

/** What has been used up; shared by templates that functions run in turn. Mutable. */
export type Budget = { steps: number; depth: number };
export const newBudget = (): Budget => ({ steps: 0, depth: 0 });

export type Environment = {
  readonly template: (name: string) => TemplateTree | undefined;
  /** Functions beside the built-in ones, which they may replace. */
  readonly function: (name: string) => GoFunction | undefined;
  readonly missingKey: MissingKey;
  readonly limits: TemplateLimits;
  readonly budget: Budget;
};

/** `stage`: whether the text could not be parsed or failed while it ran. `error` is Go's text. */
export type Rendered = { readonly text: string } | { readonly error: string; readonly stage: 'parse' | 'execute' };

export function executeTemplate(tree: TemplateTree, data: GoValue | null, environment: Environment): Rendered {
  const execution = new Execution(tree, data, environment);
  const { depth } = environment.budget;
  try {
    return { text: execution.run() };
  } catch (error) {
    if (error instanceof Failure) return failed(error.message);
    if (error instanceof TextTooLongError) return failed(execution.describe(error.message));
    // The depth limit leaves room, but native frames (regular expressions, sorting) are not ours to count.
    if (error instanceof RangeError) return failed(execution.describe('exceeded maximum depth'));
    throw error;
  } finally {
    environment.budget.depth = depth;
  }
}

const failed = (error: string): Rendered => ({ error, stage: 'execute' });

class Failure extends Error {}

/** A function goes through its texts at about this many characters in the time of a step. */
const CHARACTERS_PER_STEP = 16;

/** Of templates within templates, blocks and parentheses together. */
const DEPTH_MAX = 1000;

type Value = GoValue | null;
/** What the pipeline's stage before hands on; undefined before the first stage. */
type Final = Value | undefined;
type Signal = 'next' | 'break' | 'continue';

class Execution {
  readonly #environment: Environment;
  readonly #data: Value;
  readonly #out: BoundedText;
  #tree: TemplateTree;
  #node: Node | ListNode | PipeNode | CommandNode | OperandNode;
  #variables: { readonly name: string; value: Value }[];

  constructor(tree: TemplateTree, data: Value, environment: Environment) {
    this.#environment = environment;
    this.#data = data;
    this.#out = new BoundedText(environment.limits.lengthMax);
    this.#tree = tree;
    this.#node = tree.root;
    this.#variables = [{ name: '$', value: data }];
  }

  run(): string {
    this.#walkList(this.#data, this.#tree.root);
    return this.#out.toString();
  }

  describe(reason: string): string {
    const location = goLocation(this.#tree.source, this.#node.at);
    return `template: ${location}: executing ${goQuote(this.#tree.name)} at <${printNode(this.#node)}>: ${reason}`;
  }

  #fail(reason: string): never {
    throw new Failure(this.describe(reason));
  }

  #step(count = 1): void {
    const { budget, limits } = this.#environment;
    budget.steps += count;
    if (budget.steps > limits.stepsMax) this.#fail(`exceeded maximum of ${limits.stepsMax} steps`);
  }

  #enter(): void {
    const { budget } = this.#environment;
    if (budget.depth >= DEPTH_MAX) this.#fail(`exceeded maximum depth (${DEPTH_MAX})`);
    budget.depth++;
  }

  // Nodes.

  #walkList(dot: Value, list: ListNode): Signal {
    this.#enter();
    this.#node = list;
    let signal: Signal = 'next';
    for (const node of list.nodes) {
      signal = this.#walk(dot, node);
      if (signal !== 'next') break;
    }
    this.#environment.budget.depth--;
    return signal;
  }

  #walk(dot: Value, node: Node): Signal {
    this.#node = node;
    this.#step();
    switch (node.kind) {
      case 'text':
        this.#out.append(node.text);
        return 'next';
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.variables.length === 0) {
          this.#node = node;
          this.#print(value);
        }
        return 'next';
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'if':
      case 'with':
        return this.#walkIfOrWith(dot, node);
      case 'range':
        return this.#walkRange(dot, node);
      case 'template':
        this.#walkCall(dot, node);
        return 'next';
    }
  }

  #walkIfOrWith(dot: Value, node: BranchNode): Signal {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    let signal: Signal = 'next';
    if (isTrue(value)) signal = this.#walkList(node.kind === 'with' ? value : dot, node.list);
    else if (node.elseList !== null) signal = this.#walkList(dot, node.elseList);
    this.#variables.length = mark;
    return signal;
  }

  #walkRange(dot: Value, node: BranchNode): Signal {
    const outer = this.#variables.length;
    const { value } = indirect(this.#pipeline(dot, node.pipe));
    const mark = this.#variables.length;
    let count = 0;
    let signal: Signal = 'next';
    for (const [index, element] of this.#elements(value, node)) {
      this.#step();
      count++;
      this.#setRangeVariables(node.pipe, index, element);
      signal = this.#walkList(element, node.list);
      this.#variables.length = mark;
      if (signal === 'break') break;
    }
    if (count === 0 && node.elseList !== null) signal = this.#walkList(dot, node.elseList);
    else signal = 'next';
    this.#variables.length = outer;
    return signal;
  }

  *#elements(value: Value, node: BranchNode): Generator<readonly [index: Value, element: Value]> {
    if (value === null) return;
    switch (value.kind) {
      case 'int':
      case 'uint':
        if (node.pipe.variables.length > 1) this.#fail(`can't use ${value.int} to iterate over more than one variable`);
        for (let i = 0n; i < value.int; i++) yield [null, { ...value, int: i }];
        return;
      case 'slice': {
        const element = value.type.element;
        let index = 0;
        for (const item of value.items ?? []) yield [goInt(index++), element === undefined ? item : asElement(element, item)];
        return;
      }
      case 'map': {
        const { element } = value.type;
        const entries = [...(value.entries ?? [])].sort(([a], [b]) => compareUtf8(a, b));
        for (const [key, item] of entries) yield [goString(key), element === undefined ? item : asElement(element, item)];
        return;
      }
      case 'interface':
        if (value.value === null) return this.#fail(`range can't iterate over ${this.#text(value)}`);
        return;
      default:
        this.#fail(`range can't iterate over ${this.#text(value)}`);
    }
  }

  #setRangeVariables(pipe: PipeNode, index: Value, element: Value): void {
    const [first, second] = pipe.variables;
    if (first === undefined) return;
    if (pipe.isAssignment) {
      this.#assign(first.name, second === undefined ? element : index);
      if (second !== undefined) this.#assign(second.name, element);
      return;
    }
    // The pipeline pushed them in order, so the last one is on top.
    this.#setTop(1, element);
    if (second !== undefined) this.#setTop(2, index);
  }

  #setTop(fromTop: number, value: Value): void {
    const variable = this.#variables.at(-fromTop);
    if (variable !== undefined) variable.value = value;
  }

  #walkCall(dot: Value, node: CallNode): void {
    const tree = this.#environment.template(node.name);
    if (tree === undefined) this.#fail(`template ${goQuote(node.name)} not defined`);
    const argument = node.pipe === null ? null : this.#pipeline(dot, node.pipe);
    const outer = { tree: this.#tree, variables: this.#variables };
    this.#tree = tree;
    this.#variables = [{ name: '$', value: argument }];
    this.#walkList(argument, tree.root);
    this.#tree = outer.tree;
    this.#variables = outer.variables;
  }

  // Variables.

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  #variable(name: string): Value {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    return variable.value;
  }

  // Pipelines and commands.

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#enter();
    this.#node = pipe;
    let value: Final;
    for (const command of pipe.commands) value = indirectInterface(this.#command(dot, command, value));
    const result = value ?? null;
    for (const variable of pipe.variables) {
      if (pipe.isAssignment) this.#assign(variable.name, result);
      else this.#variables.push({ name: variable.name, value: result });
    }
    this.#environment.budget.depth--;
    return result;
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    this.#step();
    const [first] = command.args;
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
        return this.#access(dot, first, command.args, final);
      case 'identifier':
        return this.#function(dot, first.name, first, command, command.args, final);
      case 'pipe':
        this.#noArguments(command.args, final);
        return this.#pipeline(dot, first);
      default:
        break;
    }
    this.#node = first;
    this.#noArguments(command.args, final);
    switch (first.kind) {
      case 'bool':
        return goBool(first.value);
      case 'dot':
        return dot;
      case 'nil':
        return this.#fail('nil is not a command');
      case 'number':
        return this.#idealConstant(first);
      case 'string':
        return goString(first.text);
    }
  }

  #noArguments(args: readonly OperandNode[], final: Final): void {
    const [first] = args;
    if (first !== undefined && (args.length > 1 || final !== undefined))
      this.#fail(`can't give argument to non-function ${printNode(first)}`);
  }

  /** A constant where nothing says which type is wanted: its spelling decides. */
  #idealConstant(number: NumberNode): Value {
    this.#node = number;
    const { text } = number;
    if (number.complex !== null) return { kind: 'complex', type: COMPLEX128, ...number.complex };
    const isHexadecimal = /^0[xX].[^pP]*$/.test(text);
    if (number.float !== null && !isHexadecimal && !text.startsWith("'") && /[.eEpP]/.test(text)) {
      return { kind: 'float', type: FLOAT64, float: number.float };
    }
    if (number.int !== null) return goInt(number.int);
    return this.#fail(`${text} overflows int`);
  }

  /** `.a.b args`, `$x.a.b args`, `(pipe).a.b args` */
  #access(
    dot: Value,
    node: Extract<OperandNode, { kind: 'field' | 'chain' | 'variable' }>,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    this.#node = node;
    switch (node.kind) {
      case 'field':
        return this.#fields(dot, dot, node, node.names, args, final);
      case 'chain': {
        if (node.operand.kind === 'nil') this.#fail(`indirection through explicit nil in ${printNode(node)}`);
        const receiver = this.#argument(dot, null, node.operand);
        return this.#fields(dot, receiver, node, node.fields, args, final);
      }
      case 'variable': {
        const value = this.#variable(node.name);
        if (node.fields.length > 0) return this.#fields(dot, value, node, node.fields, args, final);
        this.#noArguments(args, final);
        return value;
      }
    }
  }

  #fields(dot: Value, receiver: Value, node: OperandNode, names: readonly string[], args: readonly OperandNode[], final: Final): Value {
    let value = receiver;
    names.forEach((name, i) => {
      const isLast = i === names.length - 1;
      value = this.#field(dot, name, node, isLast ? args : [], isLast ? final : undefined, value);
    });
    return value;
  }

  #field(dot: Value, name: string, node: OperandNode, args: readonly OperandNode[], final: Final, from: Value): Value {
    this.#step();
    if (from === null) {
      if (this.#environment.missingKey === 'error') this.#fail(`nil data; no entry for key ${goQuote(name)}`);
      return null;
    }
    const { value: receiver, isNil } = indirect(from);
    if (receiver === null || (receiver.kind === 'interface' && isNil))
      return this.#fail(`nil pointer evaluating ${from.type.name}.${name}`);
    const found = methodOf(receiver, name);
    if (found !== null) {
      const { method } = found;
      return this.#call(dot, { ...method, call: (values) => method.call(found.receiver, values) }, node, name, args, final);
    }
    const hasArguments = args.length > 1 || final !== undefined;
    if (receiver.kind === 'struct') {
      const index = (receiver.type.fields ?? []).findIndex((field) => field.name === name);
      if (index >= 0) {
        if (/^\p{Ll}|^_/u.test(name)) this.#fail(`${name} is an unexported field of struct type ${from.type.name}`);
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
        const type = receiver.type.fields?.[index]?.type;
        const value = receiver.fields[index] ?? null;
        return type === undefined ? value : asElement(type, value);
      }
    }
    if (receiver.kind === 'map') {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      const { element } = receiver.type;
      const value = receiver.entries?.get(name);
      if (value !== undefined) return element === undefined ? value : asElement(element, value);
      if (this.#environment.missingKey === 'error') this.#fail(`map has no entry for key ${goQuote(name)}`);
      return this.#environment.missingKey === 'zero' && element !== undefined ? zeroValue(element) : null;
    }
    if (receiver.kind === 'pointer' && isNil) {
      const target = receiver.type.element;
      if (target?.kind !== 'struct' || target.fields?.some((field) => field.name === name)) {
        this.#fail(`nil pointer evaluating ${from.type.name}.${name}`);
      }
    }
    return this.#fail(`can't evaluate field ${name} in type ${from.type.name}`);
  }

  // Calls.

  #function(
    dot: Value,
    name: string,
    node: OperandNode,
    shown: CommandNode | OperandNode,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    this.#node = node;
    const own = this.#environment.function(name);
    if (own !== undefined) return this.#call(dot, own, shown, name, args, final);
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, name, args.slice(1), final);
    if (name === 'call') return this.#callBuiltin(dot, shown, args, final);
    const builtin = BUILTINS.get(name);
    if (builtin === undefined) return this.#fail(`${goQuote(name)} is not a defined function`);
    return this.#call(dot, builtin, shown, name, args, final);
  }

  #shortCircuit(dot: Value, name: 'and' | 'or', args: readonly OperandNode[], final: Final): Value {
    if (args.length === 0 && final === undefined) this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    let value: Value = null;
    for (const arg of args) {
      value = this.#argument(dot, REFLECT_VALUE, arg);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === undefined ? value : final;
  }

  /** `call` names its callee in errors, so it needs the node. */
  #callBuiltin(dot: Value, shown: CommandNode | OperandNode, args: readonly OperandNode[], final: Final): Value {
    const callee = args[1];
    const calleeName = callee === undefined ? this.#text(final ?? null) : printNode(callee);
    const call: GoFunction = {
      parameters: [REFLECT_VALUE, REFLECT_VALUE],
      isVariadic: true,
      call: ([value]) => callValue(calleeName, value ?? null),
    };
    return this.#call(dot, call, shown, 'call', args, final);
  }

  /** `args[0]` is the callee itself. */
  #call(
    dot: Value,
    callee: GoFunction,
    shown: Node | CommandNode | OperandNode,
    name: string,
    args: readonly OperandNode[],
    final: Final,
  ): Value {
    const { parameters, isVariadic } = callee;
    const given = args.slice(1);
    const count = given.length + (final === undefined ? 0 : 1);
    const fixed = isVariadic ? parameters.length - 1 : parameters.length;
    if (isVariadic && count < fixed) this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${given.length}`);
    if (!isVariadic && count !== fixed) this.#fail(`wrong number of args for ${name}: want ${fixed} got ${count}`);
    const typeOf = (index: number): GoType => parameters[Math.min(index, parameters.length - 1)] ?? REFLECT_VALUE;
    const values = given.map((arg, i) => this.#argument(dot, typeOf(i), arg));
    if (final !== undefined) values.push(this.#validated(final, typeOf(count - 1)));
    for (const value of values) this.#charge(value, callee.isSlow === true ? 1 : CHARACTERS_PER_STEP);
    let result: Value;
    try {
      result = callee.call(values.map((value, i) => (typeOf(i).kind === 'interface' ? indirectInterface(value) : value)));
    } catch (error) {
      if (!(error instanceof GoCallError) && !(error instanceof TextTooLongError)) throw error;
      this.#node = shown;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
    this.#charge(result, CHARACTERS_PER_STEP);
    return result;
  }

  /** What a call takes and makes is paid for by its size, so that doubling a text or a list in a loop ends. */
  #charge(held: Value, charactersPerStep: number): void {
    const { value } = indirect(held);
    if (value?.kind === 'string') {
      if (value.text.length > this.#environment.limits.lengthMax) throw new TextTooLongError(this.#environment.limits.lengthMax);
      this.#step(Math.floor(value.text.length / charactersPerStep));
    } else if (value?.kind === 'slice') this.#step((value.items?.length ?? 0) >> 2);
    else if (value?.kind === 'map') this.#step((value.entries?.size ?? 0) >> 2);
  }

  /** Null type: whatever it is (the operand of a chain). */
  #argument(dot: Value, type: GoType | null, node: OperandNode): Value {
    this.#step();
    this.#node = node;
    switch (node.kind) {
      case 'dot':
        return this.#validated(dot, type);
      case 'nil':
        if (type === null || !canBeNil(type)) return this.#fail(`cannot assign nil to ${type?.name ?? 'nil'}`);
        return type === REFLECT_VALUE ? null : zeroValue(type);
      case 'field':
        return this.#validated(this.#access(dot, node, [node], undefined), type);
      case 'variable':
      case 'chain':
        return this.#validated(this.#access(dot, node, [], undefined), type);
      case 'pipe':
        return this.#validated(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#validated(this.#function(dot, node.name, node, node, [], undefined), type);
      case 'bool':
      case 'number':
      case 'string':
        return this.#constant(type ?? REFLECT_VALUE, node);
    }
  }

  #constant(type: GoType, node: Extract<OperandNode, { kind: 'bool' | 'number' | 'string' }>): Value {
    if (type.kind === 'interface' || type === REFLECT_VALUE) {
      if (node.kind === 'number') return this.#idealConstant(node);
      return node.kind === 'bool' ? goBool(node.value) : goString(node.text);
    }
    switch (type.kind) {
      case 'bool':
        return node.kind === 'bool' ? { kind: 'bool', type, bool: node.value } : this.#fail(`expected bool; found ${printNode(node)}`);
      case 'string':
        return node.kind === 'string' ? goString(node.text, type) : this.#fail(`expected string; found ${printNode(node)}`);
      case 'int':
        if (node.kind === 'number' && node.int !== null) return { kind: 'int', type, int: node.int };
        return this.#fail(`expected integer; found ${printNode(node)}`);
      case 'uint':
        if (node.kind === 'number' && node.uint !== null) return { kind: 'uint', type, int: node.uint };
        return this.#fail(`expected unsigned integer; found ${printNode(node)}`);
      case 'float':
        if (node.kind === 'number' && node.float !== null) return { kind: 'float', type, float: node.float };
        return this.#fail(`expected float; found ${printNode(node)}`);
      case 'complex':
        if (node.kind === 'number' && node.complex !== null) return { kind: 'complex', type, ...node.complex };
        return this.#fail(`expected complex; found ${printNode(node)}`);
      default:
        return this.#fail(`can't handle ${printNode(node)} for arg of type ${type.name}`);
    }
  }

  /** The value, if a parameter of that type takes it; through one pointer if need be. */
  #validated(value: Value, type: GoType | null): Value {
    if (type === null || type === REFLECT_VALUE) return value;
    if (value === null) {
      if (!canBeNil(type)) this.#fail(`invalid value; expected ${type.name}`);
      return zeroValue(type);
    }
    if (isAssignable(value.type, type)) return value;
    const concrete = value.kind === 'interface' && value.value !== null ? value.value : value;
    if (isAssignable(concrete.type, type)) return concrete;
    if (concrete.kind === 'pointer' && concrete.type.element !== undefined && isAssignable(concrete.type.element, type)) {
      return concrete.to ?? this.#fail(`dereference of nil pointer of type ${type.name}`);
    }
    return this.#fail(`wrong type for value; expected ${type.name}; got ${concrete.type.name}`);
  }

  // Printing.

  #print(value: Value): void {
    const printable = value?.kind === 'pointer' ? indirect(value).value : value;
    if (printable === null) this.#out.append('<no value>');
    else if (printable.kind === 'string') this.#out.append(printable.text);
    else sprint(this.#out, [printable]);
  }

  #text(value: Value): string {
    const out = new BoundedText(this.#environment.limits.lengthMax);
    sprint(out, [value]);
    return out.toString();
  }
}

const canBeNil = (type: GoType): boolean =>
  type === REFLECT_VALUE || type.kind === 'interface' || type.kind === 'map' || type.kind === 'pointer' || type.kind === 'slice';
