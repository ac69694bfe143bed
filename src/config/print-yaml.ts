/**
 * Nodes back to YAML text: what a configuration's author wrote, aliases and merge keys written out, comments gone,
 * the given scalars and the passwords of URLs masked. For status pages, and strict enough for Alertmanager's and Prometheus' own parsers.
 */
import type { YamlMap, YamlNode, YamlScalar } from './yaml-document.ts';

/** Block style, two spaces a level, ends with a line break; '' for an empty map. */
export function printYaml(root: YamlMap, masked: ReadonlySet<YamlScalar>): string {
  return root.entries.length === 0 ? '' : `${lines(root, masked, '').join('\n')}\n`;
}

function lines(node: YamlNode, masked: ReadonlySet<YamlScalar>, indent: string): string[] {
  if (node.kind === 'map') {
    return node.entries.flatMap(({ key, value }) => {
      const head = `${indent}${scalarText(key, indent)}:`;
      const isBlock = value.kind !== 'scalar' && !isEmpty(value);
      return isBlock ? [head, ...lines(value, masked, `${indent}  `)] : [`${head} ${leafText(value, masked, indent)}`.trimEnd()];
    });
  }
  if (node.kind === 'list') {
    return node.items.flatMap((item) => {
      if (item.kind === 'scalar' || isEmpty(item)) return [`${indent}- ${leafText(item, masked, indent)}`.trimEnd()];
      const [first = '', ...rest] = lines(item, masked, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  return [`${indent}${leafText(node, masked, indent)}`];
}

const isEmpty = (node: YamlNode): boolean =>
  (node.kind === 'map' && node.entries.length === 0) || (node.kind === 'list' && node.items.length === 0);

function leafText(node: YamlNode, masked: ReadonlySet<YamlScalar>, indent: string): string {
  if (node.kind === 'scalar') return masked.has(node) ? '<secret>' : scalarText(node, indent);
  return node.kind === 'map' ? '{}' : '[]';
}

/** A password inside a URL, shown as Prometheus shows it. */
const withoutUrlPassword = (text: string): string => text.replaceAll(/(:\/\/[^/\s:@]*:)[^/\s@]+@/g, '$1xxxxx@');

function scalarText({ text: written, style, tag }: YamlScalar, indent: string): string {
  const text = withoutUrlPassword(written);
  if (style === 'plain' && tag === null && !text.includes('\n')) return text;
  // A literal block cannot start with a space, loses spaces at the end of its lines, and is not worth it for one line.
  const isBlock = /^[^\s\p{C}].*\n./su.test(text) && !/[^\P{C}\n\t]|[ \t](?:\n|$)|\n\n$/u.test(text);
  if (!isBlock) return JSON.stringify(text);
  const content = text.endsWith('\n') ? text.slice(0, -1) : text;
  const indented = content.split('\n').map((line) => (line === '' ? '' : `${indent}  ${line}`));
  return [text === content ? '|-' : '|', ...indented].join('\n');
}
