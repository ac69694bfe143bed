/**
 * How text moves the context (html/template/transition.go, js.go, css.go): each function takes the context and the text
 * from the current place on, and returns the context after some of it and how much that was.
 */
import { goQuote } from '../lib/go-quote.ts';
import { firstRunes } from '../lib/runes.ts';
import { attributeContent } from './html-attribute.ts';
import {
  type Attribute,
  type Context,
  type Delimiter,
  type Element,
  failed,
  isComment,
  isInScriptLiteral,
  type JsContext,
  type State,
  TEXT,
  VALUE_STATES,
} from './html-context.ts';

export type Step = { readonly context: Context; readonly read: number };

const to = (context: Context, read: number): Step => ({ context, read });

export function transition(state: State, c: Context, text: string): Step {
  switch (state) {
    case 'stateText':
      return inText(c, text);
    case 'stateTag':
      return inTag(c, text);
    case 'stateAttrName':
      return inAttributeName(c, text);
    case 'stateAfterName':
      return afterName(c, text);
    case 'stateBeforeValue':
      return beforeValue(c, text);
    case 'stateHTMLCmt': {
      const end = text.indexOf('-->');
      return end < 0 ? to(c, text.length) : to(TEXT, end + 3);
    }
    case 'stateRCDATA':
      return beforeSpecialEnd(c, text);
    case 'stateURL':
    case 'stateSrcset':
      return to(inUrl(c, text), text.length);
    case 'stateMetaContent':
      return inMetaContent(c, text);
    case 'stateMetaContentURL': {
      const end = text.indexOf(';');
      return end < 0 ? to(c, text.length) : to({ ...c, state: 'stateMetaContent' }, end + 1);
    }
    case 'stateJS':
      return inJs(c, text);
    case 'stateJSDqStr':
    case 'stateJSSqStr':
    case 'stateJSRegexp':
      return inJsDelimited(c, text);
    case 'stateJSTmplLit':
      return inJsTemplate(c, text);
    case 'stateJSBlockCmt':
    case 'stateCSSBlockCmt': {
      const end = text.indexOf('*/');
      return end < 0 ? to(c, text.length) : to({ ...c, state: c.state === 'stateJSBlockCmt' ? 'stateJS' : 'stateCSS' }, end + 2);
    }
    case 'stateJSLineCmt':
    case 'stateJSHTMLOpenCmt':
    case 'stateJSHTMLCloseCmt':
      return inLineComment(c, text, /[\n\r\u2028\u2029]/, 'stateJS');
    case 'stateCSSLineCmt':
      return inLineComment(c, text, /[\n\f\r]/, 'stateCSS');
    case 'stateCSS':
      return inCss(c, text);
    case 'stateCSSDqStr':
    case 'stateCSSSqStr':
    case 'stateCSSDqURL':
    case 'stateCSSSqURL':
    case 'stateCSSURL':
      return inCssString(c, text);
    case 'stateAttr':
    case 'stateError':
    case 'stateDead':
      return to(c, text.length);
  }
}

const excerpt = (text: string): string => goQuote(firstRunes(text, 32));

// HTML

const CONTENT_STATES: Readonly<Record<Element, State>> = {
  elementNone: 'stateText',
  elementScript: 'stateJS',
  elementStyle: 'stateCSS',
  elementTextarea: 'stateRCDATA',
  elementTitle: 'stateRCDATA',
  elementMeta: 'stateText',
};

const ELEMENTS = new Map<string, Element>([
  ['script', 'elementScript'],
  ['style', 'elementStyle'],
  ['textarea', 'elementTextarea'],
  ['title', 'elementTitle'],
  ['meta', 'elementMeta'],
]);

function inText(c: Context, text: string): Step {
  let from = 0;
  for (;;) {
    const open = text.indexOf('<', from);
    if (open < 0 || open + 1 === text.length) return to(c, text.length);
    if (text.startsWith('<!--', open)) return to({ ...TEXT, state: 'stateHTMLCmt' }, open + 4);
    let at = open + 1;
    const isEnd = text.charAt(at) === '/';
    if (isEnd) {
      if (at + 1 === text.length) return to(c, text.length);
      at++;
    }
    const name = tagName(text, at);
    if (name !== '') {
      const element = isEnd ? 'elementNone' : (ELEMENTS.get(name.toLowerCase()) ?? 'elementNone');
      return to({ ...TEXT, state: 'stateTag', element }, at + name.length);
    }
    from = at;
  }
}

/** x-y and x:y are names; x-, -y and x--y are not. */
function tagName(text: string, at: number): string {
  const name = /[A-Za-z](?:[A-Za-z0-9]|[:-][A-Za-z0-9])*/y;
  name.lastIndex = at;
  return name.exec(text)?.[0] ?? '';
}

const WHITE = /[ \t\n\f\r]*/y;

function afterSpace(text: string, at: number): number {
  WHITE.lastIndex = at;
  return at + (WHITE.exec(text)?.[0].length ?? 0);
}

function inTag(c: Context, text: string): Step {
  const at = afterSpace(text, 0);
  if (at === text.length) return to(c, text.length);
  if (text.charAt(at) === '>') {
    // <meta> has no end tag, so nothing is inside it.
    if (c.element === 'elementMeta') return to(TEXT, at + 1);
    return to({ ...TEXT, state: CONTENT_STATES[c.element], element: c.element }, at + 1);
  }
  const name = attributeName(text, at);
  if ('failure' in name) return to(failed(name.failure), text.length);
  if (name.end === at) return to(failed(`expected space, attr name, or end of tag, but got ${goQuote(text.slice(at))}`), text.length);
  const attribute = attributeOf(c.element, text.slice(at, name.end).toLowerCase());
  return to({ ...TEXT, state: name.end === text.length ? 'stateAttrName' : 'stateAfterName', element: c.element, attribute }, name.end);
}

function attributeOf(element: Element, name: string): Attribute {
  if (element === 'elementScript' && name === 'type') return 'attrScriptType';
  if (element === 'elementMeta' && name === 'content') return 'attrMetaContent';
  switch (attributeContent(name)) {
    case 'url':
      return 'attrURL';
    case 'css':
      return 'attrStyle';
    case 'js':
      return 'attrScript';
    case 'srcset':
      return 'attrSrcset';
    default:
      return 'attrNone';
  }
}

function attributeName(text: string, at: number): { readonly end: number } | { readonly failure: string } {
  for (let end = at; end < text.length; end++) {
    const char = text.charAt(end);
    if (/[ \t\n\f\r=>]/.test(char)) return { end };
    if (/['"<]/.test(char)) return { failure: `${goQuote(char)} in attribute name: ${excerpt(text)}` };
  }
  return { end: text.length };
}

function inAttributeName(c: Context, text: string): Step {
  const name = attributeName(text, 0);
  if ('failure' in name) return to(failed(name.failure), text.length);
  return to(name.end === text.length ? c : { ...c, state: 'stateAfterName' }, name.end);
}

function afterName(c: Context, text: string): Step {
  const at = afterSpace(text, 0);
  if (at === text.length) return to(c, text.length);
  if (text.charAt(at) !== '=') return to({ ...c, state: 'stateTag' }, at);
  return to({ ...c, state: 'stateBeforeValue' }, at + 1);
}

function beforeValue(c: Context, text: string): Step {
  const at = afterSpace(text, 0);
  if (at === text.length) return to(c, text.length);
  const quote = text.charAt(at);
  const delimiter: Delimiter = quote === "'" ? 'delimSingleQuote' : quote === '"' ? 'delimDoubleQuote' : 'delimSpaceOrTagEnd';
  return to({ ...c, state: VALUE_STATES[c.attribute], delimiter }, delimiter === 'delimSpaceOrTagEnd' ? at : at + 1);
}

const END_TAGS: Readonly<Record<Element, RegExp>> = {
  elementNone: /(?!)/,
  elementScript: /<\/script[> \t\n\f/]/i,
  elementStyle: /<\/style[> \t\n\f/]/i,
  elementTextarea: /<\/textarea[> \t\n\f/]/i,
  elementTitle: /<\/title[> \t\n\f/]/i,
  elementMeta: /<\/[> \t\n\f/]/,
};

/** Reads up to the end tag of a <script>, <style>, <textarea> or <title>. */
export function beforeSpecialEnd(c: Context, text: string): Step {
  if (c.element === 'elementNone') return to(c, text.length);
  // In a script's literals and comments the end tag does not count, because it will be written otherwise.
  if (c.element === 'elementScript' && (isInScriptLiteral(c.state) || isComment(c.state))) return to(c, text.length);
  const end = text.search(END_TAGS[c.element]);
  return end < 0 ? to(c, text.length) : to(TEXT, end);
}

// URLs

function inUrl(c: Context, text: string): Context {
  if (/[#?]/.test(text)) return { ...c, urlPart: 'urlPartQueryOrFrag' };
  if (c.urlPart === 'urlPartNone' && afterSpace(text, 0) !== text.length) return { ...c, urlPart: 'urlPartPreQuery' };
  return c;
}

function inMetaContent(c: Context, text: string): Step {
  const url = /url[ \t\n\f\r]*=/i.exec(text);
  return url === null ? to(c, text.length) : to({ ...c, state: 'stateMetaContentURL' }, url.index + url[0].length);
}

// JavaScript

function inJs(c: Context, text: string): Step {
  const at = text.search(/["'`/{}<\-#]/);
  if (at < 0) return to({ ...c, js: jsAfter(text, c.js) }, text.length);
  const js = jsAfter(text.slice(0, at), c.js);
  const char = text.charAt(at);
  switch (char) {
    case '"':
      return to({ ...c, state: 'stateJSDqStr', js: 'jsCtxRegexp' }, at + 1);
    case "'":
      return to({ ...c, state: 'stateJSSqStr', js: 'jsCtxRegexp' }, at + 1);
    case '`':
      return to({ ...c, state: 'stateJSTmplLit', js: 'jsCtxRegexp' }, at + 1);
    case '/':
      if (text.startsWith('//', at)) return to({ ...c, js, state: 'stateJSLineCmt' }, at + 2);
      if (text.startsWith('/*', at)) return to({ ...c, js, state: 'stateJSBlockCmt' }, at + 2);
      if (js === 'jsCtxRegexp') return to({ ...c, js, state: 'stateJSRegexp' }, at + 1);
      if (js === 'jsCtxDivOp') return to({ ...c, js: 'jsCtxRegexp' }, at + 1);
      return to(failed(`'/' could start a division or regexp: ${excerpt(text.slice(at))}`), text.length);
    case '<':
      return text.startsWith('<!--', at) ? to({ ...c, js, state: 'stateJSHTMLOpenCmt' }, at + 4) : to({ ...c, js }, at + 1);
    case '-':
      return text.startsWith('-->', at) ? to({ ...c, js, state: 'stateJSHTMLCloseCmt' }, at + 3) : to({ ...c, js }, at + 1);
    case '#':
      return text.startsWith('#!', at) ? to({ ...c, js, state: 'stateJSLineCmt' }, at + 2) : to({ ...c, js }, at + 1);
    default:
      return to(afterBrace(c, char, jsAfter(char, js)), at + 1);
  }
}

/** Braces count only inside ${…} of a template literal. */
function afterBrace(c: Context, brace: string, js: JsContext): Context {
  const open = c.jsBraces.at(-1);
  if (open === undefined) return { ...c, js };
  const outer = c.jsBraces.slice(0, -1);
  const depth = brace === '{' ? open + 1 : open - 1;
  if (depth >= 0) return { ...c, js, jsBraces: [...outer, depth] };
  return { ...c, jsBraces: outer, state: 'stateJSTmplLit' };
}

const JS_SPACE = /[\f\n\r\t\v \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;
const REGEXP_PRECEDERS: ReadonlySet<string> = new Set(
  'break case continue delete do else finally in instanceof return throw try typeof void'.split(' '),
);

/** Whether a slash after these tokens (no strings, comments or regular expressions) begins a regular expression. */
function jsAfter(text: string, before: JsContext): JsContext {
  let end = text.length;
  while (end > 0 && JS_SPACE.test(text.charAt(end - 1))) end--;
  if (end === 0) return before;
  const last = text.charAt(end - 1);
  if (last === '+' || last === '-') {
    let start = end - 1;
    while (start > 0 && text.charAt(start - 1) === last) start--;
    // An odd number ends in an operator that wants an operand; --- is -- and -.
    return (end - start) % 2 === 1 ? 'jsCtxRegexp' : 'jsCtxDivOp';
  }
  if (last === '.') return end > 1 && /\d/.test(text.charAt(end - 2)) ? 'jsCtxDivOp' : 'jsCtxRegexp';
  if (/[,<>=*%&|^?!~([:;{}]/.test(last)) return 'jsCtxRegexp';
  let start = end;
  while (start > 0 && /[$\w]/.test(text.charAt(start - 1))) start--;
  return REGEXP_PRECEDERS.has(text.slice(start, end)) ? 'jsCtxRegexp' : 'jsCtxDivOp';
}

function inJsTemplate(c: Context, text: string): Step {
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\') {
      at++;
      if (at === text.length) return to(failed(`unfinished escape sequence in JS string: ${goQuote(text)}`), text.length);
    } else if (char === '$' && text.charAt(at + 1) === '{') {
      return to({ ...c, jsBraces: [...c.jsBraces, 0], state: 'stateJS' }, at + 2);
    } else if (char === '`') return to({ ...c, state: 'stateJS' }, at + 1);
  }
  return to(c, text.length);
}

function inJsDelimited(c: Context, text: string): Step {
  const close = c.state === 'stateJSSqStr' ? "'" : c.state === 'stateJSRegexp' ? '/' : '"';
  const isRegexp = close === '/';
  let inCharset = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\') {
      at++;
      if (at === text.length) return to(failed(`unfinished escape sequence in JS string: ${goQuote(text)}`), text.length);
    } else if (isRegexp && char === '[') inCharset = true;
    else if (isRegexp && char === ']') inCharset = false;
    else if (char === close) {
      // </script in a regular expression does not close it: the text will be written with \x3C.
      if (isRegexp && at > 0 && text.slice(at - 1, at + 7).toLowerCase() === '</script') at++;
      else if (!inCharset) return to({ ...c, state: 'stateJS', js: 'jsCtxDivOp' }, at + 1);
    }
  }
  if (inCharset) return to(failed(`unfinished JS regexp charset: ${goQuote(text)}`), text.length);
  return to(c, text.length);
}

function inLineComment(c: Context, text: string, lineEnd: RegExp, state: State): Step {
  const end = text.search(lineEnd);
  return end < 0 ? to(c, text.length) : to({ ...c, state }, end);
}

// CSS

function inCss(c: Context, text: string): Step {
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '(') {
      if (!endsWithUrl(text.slice(0, at).replace(/[\t\n\f\r ]+$/, ''))) continue;
      const value = at + 1 + (/^[\t\n\f\r ]*/.exec(text.slice(at + 1))?.[0].length ?? 0);
      const quote = text.charAt(value);
      if (quote === '"') return to({ ...c, state: 'stateCSSDqURL' }, value + 1);
      if (quote === "'") return to({ ...c, state: 'stateCSSSqURL' }, value + 1);
      return to({ ...c, state: 'stateCSSURL' }, value);
    }
    if (char === '/' && text.charAt(at + 1) === '/') return to({ ...c, state: 'stateCSSLineCmt' }, at + 2);
    if (char === '/' && text.charAt(at + 1) === '*') return to({ ...c, state: 'stateCSSBlockCmt' }, at + 2);
    if (char === '"') return to({ ...c, state: 'stateCSSDqStr' }, at + 1);
    if (char === "'") return to({ ...c, state: 'stateCSSSqStr' }, at + 1);
  }
  return to(c, text.length);
}

const endsWithUrl = (text: string): boolean => /(?:^|[^\w\u0080-\ufffd-])url$/i.test(text);

function inCssString(c: Context, text: string): Step {
  const ends = c.state === 'stateCSSURL' ? /[\t\n\f\r )]/ : c.state === 'stateCSSDqStr' || c.state === 'stateCSSDqURL' ? /"/ : /'/;
  let context = c;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\') {
      at++;
      if (at === text.length) return to(failed(`unfinished escape sequence in CSS string: ${goQuote(text)}`), text.length);
      context = inUrl(context, decodeCss(text.slice(0, at + 1)));
    } else if (ends.test(char)) return to({ ...context, state: 'stateCSS' }, at + 1);
  }
  return to(inUrl(context, decodeCss(text)), text.length);
}

/** CSS escapes: \ and up to six hexadecimal digits and a space, or \ and the character itself. */
export function decodeCss(text: string): string {
  return text.replace(
    /\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|([^])|$)/gu,
    (_whole, digits: string | undefined, char: string | undefined) => {
      if (digits === undefined) return char ?? '';
      let code = Number.parseInt(digits, 16);
      if (code > 0x10ffff) {
        code = Math.floor(code / 16);
        return String.fromCodePoint(code) + digits.slice(-1);
      }
      return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
    },
  );
}
