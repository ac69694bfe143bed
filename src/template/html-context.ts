/**
 * Where in an HTML document a piece of a template stands (html/template/context.go). The words are Go's, because they
 * appear in its error texts and in the names of templates derived for a context.
 */
export type State =
  | 'stateText'
  | 'stateTag'
  | 'stateAttrName'
  | 'stateAfterName'
  | 'stateBeforeValue'
  | 'stateHTMLCmt'
  /** In <textarea> or <title>. */
  | 'stateRCDATA'
  | 'stateAttr'
  | 'stateURL'
  | 'stateSrcset'
  | 'stateJS'
  | 'stateJSDqStr'
  | 'stateJSSqStr'
  | 'stateJSTmplLit'
  | 'stateJSRegexp'
  | 'stateJSBlockCmt'
  | 'stateJSLineCmt'
  | 'stateJSHTMLOpenCmt'
  | 'stateJSHTMLCloseCmt'
  | 'stateCSS'
  | 'stateCSSDqStr'
  | 'stateCSSSqStr'
  | 'stateCSSDqURL'
  | 'stateCSSSqURL'
  | 'stateCSSURL'
  | 'stateCSSBlockCmt'
  | 'stateCSSLineCmt'
  | 'stateError'
  | 'stateMetaContent'
  | 'stateMetaContentURL'
  /** After a break or continue. */
  | 'stateDead';
export type Delimiter = 'delimNone' | 'delimDoubleQuote' | 'delimSingleQuote' | 'delimSpaceOrTagEnd';
type UrlPart = 'urlPartNone' | 'urlPartPreQuery' | 'urlPartQueryOrFrag' | 'urlPartUnknown';
/** What a slash would begin. */
export type JsContext = 'jsCtxRegexp' | 'jsCtxDivOp' | 'jsCtxUnknown';
export type Element = 'elementNone' | 'elementScript' | 'elementStyle' | 'elementTextarea' | 'elementTitle' | 'elementMeta';
export type Attribute = 'attrNone' | 'attrScript' | 'attrScriptType' | 'attrStyle' | 'attrURL' | 'attrSrcset' | 'attrMetaContent';

export type Context = {
  readonly state: State;
  readonly delimiter: Delimiter;
  readonly urlPart: UrlPart;
  readonly js: JsContext;
  /** Open braces within each ${…} of a JavaScript template literal, innermost last. */
  readonly jsBraces: readonly number[];
  readonly attribute: Attribute;
  readonly element: Element;
  /** In stateError: what is wrong. */
  readonly failure: string | null;
};

export const TEXT: Context = {
  state: 'stateText',
  delimiter: 'delimNone',
  urlPart: 'urlPartNone',
  js: 'jsCtxRegexp',
  jsBraces: [],
  attribute: 'attrNone',
  element: 'elementNone',
  failure: null,
};

export const failed = (failure: string): Context => ({ ...TEXT, state: 'stateError', failure });

export const sameContext = (a: Context, b: Context): boolean =>
  a.state === b.state &&
  a.delimiter === b.delimiter &&
  a.urlPart === b.urlPart &&
  a.js === b.js &&
  a.jsBraces.join() === b.jsBraces.join() &&
  a.attribute === b.attribute &&
  a.element === b.element &&
  a.failure === b.failure;

export const printContext = (c: Context): string =>
  `{${c.state} ${c.delimiter} ${c.urlPart} ${c.js} [${c.jsBraces.join(' ')}] ${c.attribute} ${c.element} <nil>}`;

/** The name of the copy of a template that starts in the context. */
export function mangledName(name: string, c: Context): string {
  if (c.state === 'stateText') return name;
  const parts = [`${name}$htmltemplate_${c.state}`];
  if (c.delimiter !== 'delimNone') parts.push(c.delimiter);
  if (c.urlPart !== 'urlPartNone') parts.push(c.urlPart);
  if (c.js !== 'jsCtxRegexp') parts.push(c.js);
  if (c.jsBraces.length > 0) parts.push(`jsBraceDepth([${c.jsBraces.join(' ')}])`);
  if (c.attribute !== 'attrNone') parts.push(c.attribute);
  if (c.element !== 'elementNone') parts.push(c.element);
  return parts.join('_');
}

/** The state in which the value of each attribute starts. */
export const VALUE_STATES: Readonly<Record<Attribute, State>> = {
  attrNone: 'stateAttr',
  attrScript: 'stateJS',
  attrScriptType: 'stateAttr',
  attrStyle: 'stateCSS',
  attrURL: 'stateURL',
  attrSrcset: 'stateSrcset',
  attrMetaContent: 'stateMetaContent',
};

/** The context after transitions that take no character: an action after `<a href=` is already in the value. */
export function nudged(c: Context): Context {
  switch (c.state) {
    case 'stateTag':
      return { ...c, state: 'stateAttrName' };
    case 'stateBeforeValue':
      return { ...c, state: VALUE_STATES[c.attribute], delimiter: 'delimSpaceOrTagEnd', attribute: 'attrNone' };
    case 'stateAfterName':
      return { ...c, state: 'stateAttrName', attribute: 'attrNone' };
    default:
      return c;
  }
}

/** The context after either of two branches. */
export function joined(a: Context, b: Context, keyword: string): Context {
  if (a.state === 'stateError' || b.state === 'stateDead') return a;
  if (b.state === 'stateError' || a.state === 'stateDead') return b;
  if (sameContext(a, b)) return a;
  if (sameContext({ ...a, urlPart: b.urlPart }, b)) return { ...b, urlPart: 'urlPartUnknown' };
  if (sameContext({ ...a, js: b.js }, b)) return { ...b, js: 'jsCtxUnknown' };
  // `<p title={{if .C}}{{.}}{{end}}` ends in an unquoted value although the other branch ends before it.
  const [nudgedA, nudgedB] = [nudged(a), nudged(b)];
  if (!(sameContext(nudgedA, a) && sameContext(nudgedB, b))) {
    const both = joined(nudgedA, nudgedB, keyword);
    if (both.state !== 'stateError') return both;
  }
  return failed(`{{${keyword}}} branches end in different contexts: ${printContext(a)}, ${printContext(b)}`);
}

const COMMENTS: ReadonlySet<State> = new Set<State>([
  'stateHTMLCmt',
  'stateJSBlockCmt',
  'stateJSLineCmt',
  'stateJSHTMLOpenCmt',
  'stateJSHTMLCloseCmt',
  'stateCSSBlockCmt',
  'stateCSSLineCmt',
]);
export const isComment = (state: State): boolean => COMMENTS.has(state);

export const isInTag = (state: State): boolean =>
  state === 'stateTag' || state === 'stateAttrName' || state === 'stateAfterName' || state === 'stateBeforeValue' || state === 'stateAttr';

/** Where `<!--`, `<script` and `</script` of the text have to be written otherwise. */
export const isInScriptLiteral = (state: State): boolean =>
  state === 'stateJSDqStr' || state === 'stateJSSqStr' || state === 'stateJSTmplLit' || state === 'stateJSRegexp';
