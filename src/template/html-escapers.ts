/**
 * The functions that html/template puts at the end of a pipeline (html.go, js.go, css.go, url.go): they make any value
 * harmless where it stands. Typed strings (safeHtml, safeUrl) are trusted in their own context only.
 */
import { sprint } from '../lib/go-printf.ts';
import { ANY, GoCallError, type GoFunction, type GoValue, goString, goVariadic, indirect, stringerText } from '../lib/go-value.ts';
import { encodeUtf8 } from '../lib/utf8-bytes.ts';
import { bounded } from './builtins.ts';
import { HTML_CONTENT, URL_CONTENT } from './content.ts';
import { jsonString, marshalJson } from './go-json.ts';
import { attributeContent } from './html-attribute.ts';
import { type Context, isInTag, TEXT } from './html-context.ts';
import { decodeCss, transition } from './html-transition.ts';
import { TIME } from './time-values.ts';

/** Stands in the place of what was refused; a word that a search finds. */
const FAILSAFE = 'ZgotmplZ';

type Args = readonly (GoValue | null)[];
type Content = { readonly text: string; readonly type: 'plain' | 'html' | 'url' };

/** The arguments as text, as %v prints them; nil leaves nothing. */
function stringify(args: Args): Content {
  const [only] = args;
  if (args.length === 1 && only !== undefined && only !== null) {
    const { value } = indirect(only);
    if (value?.kind === 'string') {
      if (value.type === HTML_CONTENT) return { text: value.text, type: 'html' };
      if (value.type === URL_CONTENT) return { text: value.text, type: 'url' };
      if (stringerText(value) === null) return { text: value.text, type: 'plain' };
    }
  }
  const values = args.filter((arg) => arg !== null).map((arg) => (stringerText(arg) === null ? indirect(arg).value : arg));
  return { text: bounded((out) => sprint(out, values)), type: 'plain' };
}

const escaper = (escape: (content: Content) => string): GoFunction => goVariadic([ANY], (args) => goString(escape(stringify(args))));

// HTML

const ENTITIES: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};
const entity = (char: string): string => ENTITIES[char] ?? `&#${char.codePointAt(0)};`;
const escapeAll = (text: string): string => text.replace(/[\0"&'+<>]/g, entity);
/** For text that has entities already. */
const escapeButEntities = (text: string): string => text.replace(/[\0"'+<>]/g, entity);

/** In an unquoted value white space, = and ` end it or confuse some browsers, as do code points without a character. */
function escapeUnquoted(text: string, pattern: RegExp): string {
  return text.replace(pattern, (char) => {
    if (char === '\0') return '&#xfffd;';
    const code = char.codePointAt(0) ?? 0;
    return code > 0xff ? `&#x${code.toString(16)};` : entity(char);
  });
}
const UNQUOTED = /[\0\t\n\v\f\r "&'+<=>`\ufdd0-\ufdef\ufff0-\uffff]/g;
const UNQUOTED_BUT_ENTITIES = /[\0\t\n\v\f\r "'+<=>`\ufdd0-\ufdef\ufff0-\uffff]/g;

const htmlText = ({ text, type }: Content): string => (type === 'html' ? text : escapeAll(text));
const htmlRcdata = ({ text, type }: Content): string => (type === 'html' ? escapeButEntities(text) : escapeAll(text));
const htmlAttribute = ({ text, type }: Content): string => (type === 'html' ? escapeButEntities(stripTags(text)) : escapeAll(text));

function htmlUnquoted({ text, type }: Content): string {
  if (text === '') return FAILSAFE;
  return type === 'html' ? escapeUnquoted(stripTags(text), UNQUOTED_BUT_ENTITIES) : escapeUnquoted(text, UNQUOTED);
}

const DELIMITER_ENDS = { delimDoubleQuote: /"/, delimSingleQuote: /'/, delimSpaceOrTagEnd: /[ \t\n\f\r>]/ };

/** The text of a piece of HTML without its tags and comments. */
function stripTags(html: string): string {
  let out = '';
  let context: Context = TEXT;
  let at = 0;
  let hasMarkup = false;
  while (at < html.length) {
    if (context.delimiter !== 'delimNone') {
      const end = html.slice(at).search(DELIMITER_ENDS[context.delimiter]);
      if (end < 0) break;
      at += end + (context.delimiter === 'delimSpaceOrTagEnd' ? 0 : 1);
      context = { ...TEXT, state: 'stateTag', element: context.element };
      continue;
    }
    const state = context.element !== 'elementNone' && !isInTag(context.state) ? 'stateRCDATA' : context.state;
    const { context: next, read } = transition(state, context, html.slice(at));
    if (context.state === 'stateText' || context.state === 'stateRCDATA') {
      const piece = html.slice(at, at + read);
      const open = next.state === context.state ? -1 : piece.lastIndexOf('<');
      out += open < 0 ? piece : piece.slice(0, open);
    } else hasMarkup = true;
    context = next;
    at += read;
  }
  if (!hasMarkup) return html;
  return context.state === 'stateText' || context.state === 'stateRCDATA' ? out + html.slice(at) : out;
}

function htmlName({ text }: Content): string {
  const name = text.toLowerCase();
  return name !== '' && attributeContent(name) === 'plain' && /^[0-9a-z]+$/.test(name) ? name : FAILSAFE;
}

// URLs

function urlFilter({ text, type }: Content): string {
  return type === 'url' || isSafeUrl(text) ? text : `#${FAILSAFE}`;
}

/** Relative, or with a scheme whose effects can be undone. */
function isSafeUrl(url: string): boolean {
  const colon = url.indexOf(':');
  if (colon < 0) return true;
  const scheme = url.slice(0, colon);
  return scheme.includes('/') || /^(?:https?|mailto)$/i.test(scheme);
}

/** Percent-encodes; `keeps` leaves the characters that structure a URL and escapes that are there. */
function encodeUrl(text: string, keeps: boolean): string {
  const bytes = encodeUtf8(text);
  let out = '';
  bytes.forEach((byte, i) => {
    const char = String.fromCharCode(byte);
    const isKept = keeps && (/[!#$&*+,/:;=?@[\]]/.test(char) || (char === '%' && isHex(bytes[i + 1]) && isHex(bytes[i + 2])));
    out += isKept || /[\w.~-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  });
  return out;
}

const isHex = (byte: number | undefined): boolean => byte !== undefined && /[0-9a-fA-F]/.test(String.fromCharCode(byte));

const urlNormalizer = ({ text }: Content): string => encodeUrl(text, true);
const urlEscaper = ({ text, type }: Content): string => encodeUrl(text, type === 'url');

/** Comma-separated URLs, each with metadata behind a space. */
function srcset({ text, type }: Content): string {
  if (type === 'url') return encodeUrl(text, true).replaceAll(',', '%2c');
  return text
    .split(',')
    .map((element) => {
      const [, space = '', url = '', metadata = ''] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)([^]*)$/.exec(element) ?? [];
      return isSafeUrl(url) && /^[\t\n\f\r 0-9A-Za-z]*$/.test(metadata) ? space + encodeUrl(url, true) + metadata : `#${FAILSAFE}`;
    })
    .join(',');
}

// CSS

const CSS_ESCAPES: Readonly<Record<string, string>> = { '\0': '\\0', '\t': '\\9', '\n': '\\a', '\f': '\\c', '\r': '\\d', '\\': '\\\\' };

/** A space ends an escape where the next character could be taken for a part of it. */
function cssString({ text }: Content): string {
  return text.replace(/[\0\t\n\f\r"&'()+/:;<>\\{}]/g, (char, at: number) => {
    const escape = CSS_ESCAPES[char] ?? `\\${char.charCodeAt(0).toString(16)}`;
    return char !== '\\' && /^(?:$|[0-9a-fA-F\t\n\f\r ])/.test(text.charAt(at + 1)) ? `${escape} ` : escape;
  });
}

/** Lets quantities, identifiers, colours and keywords through. */
function cssValue({ text }: Content): string {
  const value = decodeCss(text);
  if (/[\0"'()/;@[\\\]`{}<>]|--/.test(value)) return FAILSAFE;
  // Older browsers ran what these stand before, however they were broken up.
  const letters = value.replace(/\W/g, '').toLowerCase();
  return /expression|mozbinding/.test(letters) ? FAILSAFE : value;
}

// JavaScript

const unicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const JS_SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '/': '\\/', '\\': '\\\\' };
const jsCharacter = (char: string): string => JS_SHORT[char] ?? unicode(char);

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const jsString = ({ text }: Content): string => text.replace(/[\x00-\x1f"&'`+/<>\\\u2028\u2029]/g, jsCharacter);
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const jsTemplate = ({ text }: Content): string => text.replace(/[\x00-\x1f"&'`+/<>\\${}\u2028\u2029]/g, jsCharacter);

/** /{{.}}/ must not become a comment where the value is empty. */
function jsRegexp({ text }: Content): string {
  if (text === '') return '(?:)';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\x00-\x1f"&'+/<>\\$()*\-.?[\]^{|}\u2028\u2029]/g, (char) =>
    /[$()*\-.?[\]^{|}]/.test(char) ? `\\${char}` : jsCharacter(char),
  );
}

/** The value as JSON, which is an expression without side effects. */
function jsValue(args: Args): string {
  let json: string;
  try {
    json = args.length === 1 ? bounded((out) => marshalJson(out, stringerAsText(args[0] ?? null))) : jsonString(stringify(args).text);
  } catch (error) {
    if (!(error instanceof GoCallError)) throw error;
    const message = error.message
      .replace(/<(\/?)script/gi, '\\x3C$1script')
      .replaceAll('*/', '* /')
      .replaceAll('<!--', '\\x3C!--');
    return ` /* ${message} */null `;
  }
  // A name or number must not grow together with a keyword beside it.
  const isWord = /^[$\w]/.test(json) || /[$\w]$/.test(json);
  return isWord ? ` ${json} ` : json;
}

/** Times have a JSON form of their own; other values with a String method are that text. */
function stringerAsText(value: GoValue | null): GoValue | null {
  const target = indirect(value).value;
  if (target === null || target.type === TIME) return target;
  const text = stringerText(target);
  return text === null ? target : goString(text);
}

export const HTML_ESCAPERS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['_html_template_attrescaper', escaper(htmlAttribute)],
  ['_html_template_commentescaper', escaper(() => '')],
  ['_html_template_cssescaper', escaper(cssString)],
  ['_html_template_cssvaluefilter', escaper(cssValue)],
  ['_html_template_htmlnamefilter', escaper(htmlName)],
  ['_html_template_htmlescaper', escaper(htmlText)],
  ['_html_template_jsregexpescaper', escaper(jsRegexp)],
  ['_html_template_jsstrescaper', escaper(jsString)],
  ['_html_template_jstmpllitescaper', escaper(jsTemplate)],
  ['_html_template_jsvalescaper', goVariadic([ANY], (args) => goString(jsValue(args)))],
  ['_html_template_nospaceescaper', escaper(htmlUnquoted)],
  ['_html_template_rcdataescaper', escaper(htmlRcdata)],
  ['_html_template_srcsetescaper', escaper(srcset)],
  ['_html_template_urlescaper', escaper(urlEscaper)],
  ['_html_template_urlfilter', escaper(urlFilter)],
  ['_html_template_urlnormalizer', escaper(urlNormalizer)],
  ['_eval_args_', escaper(({ text }) => text)],
]);
