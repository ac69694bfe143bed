/**
 * Relabelling: rewrites a label set rule by rule, or drops it (prometheus/model/relabel). Used for targets, scraped
 * series, and whatever else carries relabel_configs. Rules are compiled once per config object.
 */
import { goToLower, goToUpper } from '../lib/go-case.ts';
import { goQuote } from '../lib/go-quote.ts';
import { md5 } from '../lib/md5.ts';
import { unreachable } from '../lib/never.ts';
import { isLegacyLabelName, isUtf8LabelName, Labels } from '../model/labels.ts';
import { compileGroupRegex, expandTemplate, type GroupRegex, parseTemplate, type RegexTemplate } from '../model/regex-groups.ts';
import { LabelsBuilder } from './labels-builder.ts';
import type { NameScheme, RelabelAction, RelabelConfig } from './scrape-config.ts';

/** The labels after all rules, or null when one of them dropped the set. */
export function relabel(labels: Labels, configs: readonly RelabelConfig[], scheme: NameScheme = 'utf8'): Labels | null {
  if (configs.length === 0) return labels;
  const builder = new LabelsBuilder(labels);
  return relabelBuilder(builder, configs, scheme) ? builder.labels() : null;
}

/** As relabel, in place; false when a rule dropped the set. */
export function relabelBuilder(builder: LabelsBuilder, configs: readonly RelabelConfig[], scheme: NameScheme): boolean {
  return configs.every((config) => applyRule(builder, config, scheme));
}

export type RelabelStep = {
  readonly rule: RelabelConfig;
  /** Empty once a rule has dropped the set. */
  readonly output: Labels;
  readonly keep: boolean;
};

/** What each rule makes of the labels, for GET /api/v1/targets/relabel_steps. */
export function relabelSteps(labels: Labels, configs: readonly RelabelConfig[], scheme: NameScheme): readonly RelabelStep[] {
  const builder = new LabelsBuilder(labels);
  let keep = true;
  return configs.map((rule) => {
    keep = keep && applyRule(builder, rule, scheme);
    return { rule, output: keep ? builder.labels() : Labels.empty, keep };
  });
}

function applyRule(builder: LabelsBuilder, config: RelabelConfig, scheme: NameScheme): boolean {
  const { regex, target, replacement } = compiled(config);
  const value = config.sourceLabels.map((name) => builder.get(name)).join(config.separator);
  switch (config.action) {
    case 'drop':
      return !regex.matches(value);
    case 'keep':
      return regex.matches(value);
    case 'dropequal':
      return builder.get(config.targetLabel) !== value;
    case 'keepequal':
      return builder.get(config.targetLabel) === value;
    case 'replace': {
      const match = regex.match(value);
      if (match === null) return true;
      const name = expandTemplate(target, match);
      if (isValidLabelName(name, scheme)) builder.set(name, expandTemplate(replacement, match));
      return true;
    }
    case 'lowercase':
      builder.set(config.targetLabel, goToLower(value));
      return true;
    case 'uppercase':
      builder.set(config.targetLabel, goToUpper(value));
      return true;
    case 'hashmod':
      builder.set(config.targetLabel, String(hashOf(value) % config.modulus));
      return true;
    case 'labelmap':
      for (const [name, labelValue] of builder.pairs()) {
        const match = regex.match(name);
        if (match !== null) builder.set(expandTemplate(replacement, match), labelValue);
      }
      return true;
    case 'labeldrop':
      for (const [name] of builder.pairs()) if (regex.matches(name)) builder.delete(name);
      return true;
    case 'labelkeep':
      for (const [name] of builder.pairs()) if (!regex.matches(name)) builder.delete(name);
      return true;
    default:
      return unreachable(config.action);
  }
}

type CompiledRule = { readonly regex: GroupRegex; readonly target: RegexTemplate; readonly replacement: RegexTemplate };

const COMPILED = new WeakMap<RelabelConfig, CompiledRule>();

function compiled(config: RelabelConfig): CompiledRule {
  const known = COMPILED.get(config);
  if (known !== undefined) return known;
  const regex = compileGroupRegex(config.regex);
  if ('error' in regex) throw new Error(`BUG: a relabel regex that does not compile passed the reader: ${regex.error}`);
  const rule = { regex, target: parseTemplate(config.targetLabel), replacement: parseTemplate(config.replacement) };
  COMPILED.set(config, rule);
  return rule;
}

const encoder = new TextEncoder();

/** The last 8 bytes of the MD5 digest, as earlier Prometheus versions took them. */
function hashOf(value: string): bigint {
  return new DataView(md5(encoder.encode(value)).buffer).getBigUint64(8);
}

const isValidLabelName = (name: string, scheme: NameScheme): boolean =>
  scheme === 'legacy' ? isLegacyLabelName(name) : isUtf8LabelName(name);

/** A legacy label name in which $1, $name and ${name} may stand for parts; written without ambiguity, for linear time. */
const LEGACY_TEMPLATE = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/;

const NEEDS_TARGET: readonly string[] = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];
const PLAIN_TARGET: readonly string[] = ['lowercase', 'uppercase', 'keepequal', 'dropequal'];

/** Why the rule cannot be used, in Prometheus' words; null when it can. `''` is an action left out. */
export function validateRelabelConfig(
  config: Omit<RelabelConfig, 'action'> & { readonly action: RelabelAction | '' },
  scheme: NameScheme,
): string | null {
  const { action, targetLabel, replacement } = config;
  if (action === '') return 'relabel action cannot be empty';
  if (action === 'hashmod' && config.modulus === 0n) return 'relabel configuration for hashmod requires non-zero modulus';
  if (NEEDS_TARGET.includes(action) && targetLabel === '') {
    return `relabel configuration for ${action} action requires 'target_label' value`;
  }
  const isTemplate = (text: string): boolean => (scheme === 'legacy' ? LEGACY_TEMPLATE.test(text) : isUtf8LabelName(text));
  const badTarget = `${goQuote(targetLabel)} is invalid 'target_label' for ${action} action`;
  if (action === 'replace') {
    const valid = targetLabel.includes('$') ? isTemplate(targetLabel) : isValidLabelName(targetLabel, scheme);
    if (!valid) return badTarget;
  }
  if (PLAIN_TARGET.includes(action)) {
    if (!isValidLabelName(targetLabel, scheme)) return badTarget;
    if (replacement !== '$1') return `'replacement' can not be set for ${action} action`;
  }
  if (action === 'labelmap' && !isTemplate(replacement)) {
    return `${goQuote(replacement)} is invalid 'replacement' for ${action} action`;
  }
  if (action === 'hashmod' && !isValidLabelName(targetLabel, scheme)) return badTarget;
  const isOtherDefault = config.modulus === 0n && config.separator === ';' && replacement === '$1';
  if ((action === 'dropequal' || action === 'keepequal') && !(isOtherDefault && config.regex === '(.*)')) {
    return `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`;
  }
  if ((action === 'labeldrop' || action === 'labelkeep') && !(isOtherDefault && config.sourceLabels.length === 0 && targetLabel === '')) {
    return `${action} action requires only 'regex', and no other fields`;
  }
  return null;
}
