/**
 * Templates within structured values: PagerDuty's details, Jira's fields, a webhook's payload (alertmanager/template
 * DeepCopyWithTemplate). Every text is rendered; where the result is YAML for something other than a text, that is
 * the value, and what is in it is data, neither rendered nor parsed again.
 */
import { sourceFile } from '../config/source.ts';
import { isNull, parseYaml, type YamlNode } from '../config/yaml-document.ts';
import { YAML_BOOLS, yamlNumber } from '../config/yaml-number.ts';

/** What YAML and JSON share. */
export type PlainValue = null | boolean | number | string | readonly PlainValue[] | { readonly [key: string]: PlainValue };

type Render = (text: string) => { readonly text: string } | { readonly error: string };

/** Depth of the configured value; the configuration's own limit lies below it. */
const DEPTH_MAX = 500;

export function renderDeep(value: PlainValue, render: Render, depth = 0): { readonly value: PlainValue } | { readonly error: string } {
  if (depth > DEPTH_MAX) return { error: `the value is nested deeper than ${DEPTH_MAX} levels` };
  if (typeof value === 'string') {
    const rendered = render(value);
    return 'error' in rendered ? rendered : { value: structured(rendered.text) };
  }
  if (value === null || typeof value !== 'object') return { value };
  if (isList(value)) {
    const items: PlainValue[] = [];
    for (const item of value) {
      const rendered = renderDeep(item, render, depth + 1);
      if ('error' in rendered) return rendered;
      items.push(rendered.value);
    }
    return { value: items };
  }
  const record: Record<string, PlainValue> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const name = render(key);
    if ('error' in name) return name;
    const rendered = renderDeep(item, render, depth + 1);
    if ('error' in rendered) return rendered;
    record[name.text] = rendered.value;
  }
  return { value: record };
}

const isList = (value: Exclude<PlainValue, string | number | boolean | null>): value is readonly PlainValue[] => Array.isArray(value);

/** What the text is as YAML, or the text. */
function structured(text: string): PlainValue {
  const { root } = parseYaml(sourceFile('', text));
  if (root === null) return text;
  const value = plainValueOf(root);
  return typeof value === 'string' ? text : value;
}

/** What a YAML node is without its places. */
export function plainValueOf(node: YamlNode): PlainValue {
  switch (node.kind) {
    case 'list':
      return node.items.map(plainValueOf);
    case 'map': {
      const record: Record<string, PlainValue> = Object.create(null);
      // As in Go: only keys that are texts count, and of equal keys the last.
      for (const { key, value } of node.entries) if (typeof plainValueOf(key) === 'string') record[key.text] = plainValueOf(value);
      return record;
    }
    case 'scalar': {
      if (isNull(node)) return null;
      if (node.style !== 'plain' || node.tag === '!!str') return node.text;
      const number = yamlNumber(node.text);
      return YAML_BOOLS.get(node.text) ?? (number === null ? node.text : Number(number));
    }
  }
}
