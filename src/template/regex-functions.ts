/** `match` and `reReplaceAll`, which Prometheus and Alertmanager share: RE2 syntax, linear time, not anchored. */
import { RE2JS, RE2JSException } from 're2js';
import type { BoundedText } from '../lib/bounded-text.ts';
import { goQuote } from '../lib/go-quote.ts';
import { canBackquote } from '../lib/go-strconv.ts';
import { GoCallError, type GoFunction, goBool, goFunction, goString, STRING } from '../lib/go-value.ts';
import { textArgument } from './arguments.ts';
import { bounded } from './builtins.ts';

export const REGEX_FUNCTIONS: readonly (readonly [name: string, implementation: GoFunction])[] = [
  [
    'match',
    goFunction([STRING, STRING], (args) => {
      const compiled = compile(textArgument(args, 0));
      if ('error' in compiled) throw new GoCallError(compiled.error);
      return goBool(compiled.test(textArgument(args, 1)));
    }),
  ],
  [
    'reReplaceAll',
    goFunction([STRING, STRING, STRING], (args) => {
      const pattern = textArgument(args, 0);
      const compiled = compile(pattern);
      if ('error' in compiled) throw new GoCallError(`regexp: Compile(${quoted(pattern)}): ${compiled.error}`);
      return goString(bounded((out) => replaceAll(out, compiled, textArgument(args, 2), textArgument(args, 1))));
    }),
  ],
];

function compile(pattern: string): RE2JS | { readonly error: string } {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    // Go names the offending part always, the library leaves it out where that is empty.
    if (error instanceof RE2JSException) return { error: error.message.includes('`') ? error.message : `${error.message}: \`\`` };
    throw error;
  }
}

const quoted = (pattern: string): string => (canBackquote(pattern) ? `\`${pattern}\`` : goQuote(pattern));

/** Regexp.ReplaceAllString: an empty match right behind another match does not count. */
function replaceAll(out: BoundedText, regex: RE2JS, text: string, template: string): void {
  const matcher = regex.matcher(text);
  const parts = templateParts(template);
  const names = new Map<string, number>(Object.entries(regex.namedGroups()));
  let copied = 0;
  let search = 0;
  while (search <= text.length && matcher.find(search)) {
    const start = matcher.start();
    const end = matcher.end();
    out.append(text.slice(copied, start));
    if (end > copied || start === 0) {
      for (const part of parts) {
        if (part.kind === 'text') out.append(part.text);
        else {
          const index = /^\d+$/.test(part.name) ? Number(part.name) : names.get(part.name);
          if (index !== undefined && index <= matcher.groupCount()) out.append(matcher.group(index) ?? '');
        }
      }
    }
    copied = end;
    const width = (text.codePointAt(search) ?? 0) > 0xffff ? 2 : 1;
    search = search + width > end ? search + width : end;
  }
  out.append(text.slice(copied));
}

type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'group'; readonly name: string };

/** Regexp.Expand: $name takes the longest name, ${name} ends where it says, $$ is a dollar, any other dollar too. */
function templateParts(template: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    if (match.index > at) parts.push({ kind: 'text', text: template.slice(at, match.index) });
    const name = match[1] ?? match[2];
    parts.push(name === undefined ? { kind: 'text', text: '$' } : { kind: 'group', name });
    at = match.index + match[0].length;
  }
  if (at < template.length) parts.push({ kind: 'text', text: template.slice(at) });
  return parts;
}
