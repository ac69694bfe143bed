/** Syntax tree of a Go template (text/template/parse). Positions are UTF-16 offsets into the source text. */
import { goQuote } from '../lib/go-quote.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';

/** What was parsed, for error texts: `name` is what Go calls the template. */
export type TemplateSource = { readonly name: string; readonly text: string };

/** One named template. */
export type TemplateTree = { readonly name: string; readonly source: TemplateSource; readonly root: ListNode };

export type Node = TextNode | ActionNode | BreakNode | ContinueNode | BranchNode | CallNode;
export type ListNode = { readonly kind: 'list'; readonly at: number; readonly nodes: readonly Node[] };
export type TextNode = { readonly kind: 'text'; readonly at: number; readonly text: string };
export type ActionNode = { readonly kind: 'action'; readonly at: number; readonly line: number; readonly pipe: PipeNode };
export type BreakNode = { readonly kind: 'break'; readonly at: number; readonly line: number };
export type ContinueNode = { readonly kind: 'continue'; readonly at: number; readonly line: number };
export type BranchNode = {
  readonly kind: 'if' | 'with' | 'range';
  readonly at: number;
  readonly line: number;
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | null;
};
/** `{{template "name" pipe}}`, and what `{{block}}` leaves behind. */
export type CallNode = {
  readonly kind: 'template';
  readonly at: number;
  readonly line: number;
  readonly name: string;
  readonly pipe: PipeNode | null;
};

export type PipeNode = {
  readonly kind: 'pipe';
  readonly at: number;
  /** `=` instead of `:=`. */
  readonly isAssignment: boolean;
  readonly variables: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
};
export type CommandNode = { readonly kind: 'command'; readonly at: number; readonly args: readonly [OperandNode, ...OperandNode[]] };

export type OperandNode =
  | { readonly kind: 'bool'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'dot'; readonly at: number }
  | { readonly kind: 'nil'; readonly at: number }
  | { readonly kind: 'string'; readonly at: number; readonly quoted: string; readonly text: string }
  | NumberNode
  | FieldNode
  | VariableNode
  | IdentifierNode
  | ChainNode
  | PipeNode;

/** A constant, in every type that can hold it (Go's ideal constants); null where the type cannot. */
export type NumberNode = {
  readonly kind: 'number';
  readonly at: number;
  readonly text: string;
  readonly int: bigint | null;
  readonly uint: bigint | null;
  readonly float: number | null;
  readonly complex: { readonly re: number; readonly im: number } | null;
};
type FieldNode = { readonly kind: 'field'; readonly at: number; readonly names: readonly [string, ...string[]] };
/** `$x.a.b`: the dollar belongs to the name. */
export type VariableNode = { readonly kind: 'variable'; readonly at: number; readonly name: string; readonly fields: readonly string[] };
type IdentifierNode = { readonly kind: 'identifier'; readonly at: number; readonly name: string };
/** `(pipe).a.b` */
type ChainNode = {
  readonly kind: 'chain';
  readonly at: number;
  readonly operand: OperandNode;
  readonly fields: readonly [string, ...string[]];
};

/** The node as Go prints it in error texts. */
export function printNode(node: Node | ListNode | PipeNode | CommandNode | OperandNode): string {
  switch (node.kind) {
    case 'list':
      return node.nodes.map(printNode).join('');
    case 'text':
      return node.text;
    case 'action':
      return `{{${printNode(node.pipe)}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'if':
    case 'with':
    case 'range': {
      const otherwise = node.elseList === null ? '' : `{{else}}${printNode(node.elseList)}`;
      return `{{${node.kind} ${printNode(node.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
    }
    case 'template':
      return `{{template ${goQuote(node.name)}${node.pipe === null ? '' : ` ${printNode(node.pipe)}`}}}`;
    case 'pipe': {
      const variables = node.variables.map(printNode).join(', ');
      const declaration = variables === '' ? '' : `${variables} ${node.isAssignment ? '=' : ':='} `;
      return declaration + node.commands.map(printNode).join(' | ');
    }
    case 'command':
      return node.args.map(inParentheses).join(' ');
    case 'bool':
      return String(node.value);
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'string':
      return node.quoted;
    case 'number':
      return node.text;
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'variable':
      return [node.name, ...node.fields].join('.');
    case 'identifier':
      return node.name;
    case 'chain':
      return [inParentheses(node.operand), ...node.fields].join('.');
  }
}

const inParentheses = (node: OperandNode): string => (node.kind === 'pipe' ? `(${printNode(node)})` : printNode(node));

/** `name:line:column` as Go counts: lines from 1, columns in bytes from 0. */
export function goLocation(source: TemplateSource, at: number): string {
  const before = source.text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `${source.name}:${lineOf(before)}:${utf8Length(before.slice(lineStart))}`;
}

const lineOf = (before: string): number => before.split('\n').length;

/** Nothing but white space and comments: such a definition does not replace another of its name. */
export const isEmptyTree = (list: ListNode): boolean => list.nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
