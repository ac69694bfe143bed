/** A file of target groups as file_sd_configs reads it: a list of {targets, labels} in JSON or YAML, by its extension. */
import { decode, list } from '../../config/decode.ts';
import { isError } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { sourceFromBytes } from '../../config/source.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { isUtf8LabelName } from '../../model/labels.ts';
import { targetGroup } from '../discovery-reader.ts';
import type { TargetGroup } from '../scrape-config.ts';

/** Groups without a source, or what is wrong with the file. */
export function readTargetGroups(path: string, bytes: Uint8Array): readonly TargetGroup[] | { readonly error: string } {
  return path.toLowerCase().endsWith('.json') ? fromJson(bytes) : fromYaml(path, bytes);
}

const yamlGroups = list(targetGroup(false), 'nil target group item found');

function fromYaml(path: string, bytes: Uint8Array): readonly TargetGroup[] | { readonly error: string } {
  const document = parseYaml(sourceFromBytes(path, bytes));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const groups = document.root === null ? [] : decode(document.root, yamlGroups, sink);
  const problem = sink.diagnostics().find(isError);
  return problem === undefined ? groups : { error: `line ${problem.line}: ${problem.message}` };
}

function fromJson(bytes: Uint8Array): readonly TargetGroup[] | { readonly error: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
  if (value === null) return [];
  if (!Array.isArray(value)) return { error: 'the file must hold a list of target groups' };
  const groups: TargetGroup[] = [];
  for (const [i, item] of value.entries()) {
    const group = groupOf(item);
    if ('error' in group) return { error: `target group ${i}: ${group.error}` };
    groups.push(group);
  }
  return groups;
}

function groupOf(item: unknown): TargetGroup | { readonly error: string } {
  if (!isRecord(item)) return { error: 'nil target group item found' };
  const { targets = [], labels = {} } = item as { targets?: unknown; labels?: unknown };
  if (!Array.isArray(targets) || !targets.every((target) => typeof target === 'string'))
    return { error: '"targets" must be a list of texts' };
  if (!isRecord(labels)) return { error: '"labels" must be an object' };
  for (const [name, value] of Object.entries(labels)) {
    if (!isUtf8LabelName(name)) return { error: `${goQuote(name)} is not a valid label name` };
    if (typeof value !== 'string') return { error: `the value of label ${goQuote(name)} must be a text` };
  }
  return { source: '', targets: targets.map((address: string) => ({ __address__: address })), labels: labels as Record<string, string> };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
