/** `match` and `reReplaceAll`, which Prometheus and Alertmanager share: RE2 syntax, linear time, not anchored. */
import { RE2JS, RE2JSException } from 're2js';
import { type BoundedText, TextTooLongError } from '../lib/bounded-text.ts';
import { goQuote } from '../lib/go-quote.ts';
import { canBackquote } from '../lib/go-strconv.ts';
import { GoCallError, type GoFunction, type GoValue, goBool, goFunction, goString, STRING } from '../lib/go-value.ts';
import { compileRe2, namedGroups } from '../model/named-groups.ts';
import { expandTemplate, parseTemplate, type RegexMatch } from '../model/regex-groups.ts';
import { textArgument } from './arguments.ts';
import { bounded } from './builtins.ts';

export const REGEX_FUNCTIONS: readonly (readonly [name: string, implementation: GoFunction])[] = [
  ['match', { ...goFunction([STRING, STRING], matches), isSlow: true }],
  ['reReplaceAll', { ...goFunction([STRING, STRING, STRING], replaced), isSlow: true }],
];

function matches(args: readonly (GoValue | null)[]): GoValue {
  const compiled = compile(textArgument(args, 0));
  if ('error' in compiled) throw new GoCallError(compiled.error);
  return goBool(compiled.test(textArgument(args, 1)));
}

function replaced(args: readonly (GoValue | null)[]): GoValue {
  const pattern = textArgument(args, 0);
  const compiled = compile(pattern);
  if ('error' in compiled) throw new GoCallError(`regexp: Compile(${quoted(pattern)}): ${compiled.error}`);
  return goString(
    bounded((out) => replaceAll(out, { regex: compiled, names: namedGroups(pattern) }, textArgument(args, 2), textArgument(args, 1))),
  );
}

function compile(pattern: string): RE2JS | { readonly error: string } {
  try {
    return compileRe2(pattern);
  } catch (error) {
    // Go names the offending part always, the library leaves it out where that is empty.
    if (error instanceof RE2JSException) return { error: error.message.includes('`') ? error.message : `${error.message}: \`\`` };
    throw error;
  }
}

const quoted = (pattern: string): string => (canBackquote(pattern) ? `\`${pattern}\`` : goQuote(pattern));

/** Regexp.ReplaceAllString: an empty match right behind another match does not count. */
function replaceAll(
  out: BoundedText,
  { regex, names }: { readonly regex: RE2JS; readonly names: RegexMatch['names'] },
  text: string,
  replacement: string,
): void {
  const matcher = regex.matcher(text);
  const template = parseTemplate(replacement);
  const count = matcher.groupCount();
  const references = template.filter((piece) => piece.kind === 'group').length;
  let copied = 0;
  let search = 0;
  while (search <= text.length && matcher.find(search)) {
    const start = matcher.start();
    const end = matcher.end();
    out.append(text.slice(copied, start));
    if (end > copied || start === 0) {
      // A group is at most the whole match, so this bounds what expanding builds.
      if (references * (end - start) > out.lengthMax) throw new TextTooLongError(out.lengthMax);
      const groups: (string | null)[] = [];
      for (let i = 0; i <= count; i++) groups.push(matcher.group(i));
      out.append(expandTemplate(template, { groups, names }));
    }
    copied = end;
    const width = (text.codePointAt(search) ?? 0) > 0xffff ? 2 : 1;
    search = search + width > end ? search + width : end;
  }
  out.append(text.slice(copied));
}
