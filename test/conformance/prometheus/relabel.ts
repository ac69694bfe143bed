/** relabel/: label sets through rules, validation, legacy target templates. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Labels } from '../../../src/model/labels.ts';
import { relabel, validateRelabelConfig } from '../../../src/scrape/relabel.ts';
import type { NameScheme, RelabelAction, RelabelConfig } from '../../../src/scrape/scrape-config.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Rule = {
  readonly source_labels?: readonly string[];
  readonly separator?: string;
  readonly regex?: string;
  readonly modulus?: number;
  readonly target_label?: string;
  readonly replacement?: string;
  readonly action?: string;
  readonly name_validation_scheme?: NameScheme;
};
type RelabelCase = {
  readonly id: number;
  readonly input: Readonly<Record<string, string>>;
  readonly relabel: readonly Rule[];
  readonly keep: boolean;
  readonly output?: Readonly<Record<string, string>>;
};
type ValidateCase = { readonly id: number; readonly config: Rule; readonly error: string | null };
type TemplateCase = { readonly str: string; readonly valid: boolean };

const table = <Case>(dir: string, file: string): readonly Case[] =>
  (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { cases: readonly Case[] }).cases;

/** As written; what is left out is Go's zero value. */
const plain = (rule: Rule): Omit<RelabelConfig, 'action'> & { action: RelabelAction | '' } => ({
  sourceLabels: rule.source_labels ?? [],
  separator: rule.separator ?? '',
  regex: rule.regex ?? '',
  modulus: BigInt(rule.modulus ?? 0),
  targetLabel: rule.target_label ?? '',
  replacement: rule.replacement ?? '',
  action: (rule.action ?? '') as RelabelAction | '',
});

/** The table's own reading: a zero value is replaced by the default. */
function defaulted(rule: Rule): RelabelConfig {
  const { action, separator, regex, replacement, ...rest } = plain(rule);
  return {
    ...rest,
    action: action === '' ? 'replace' : action,
    separator: separator === '' ? ';' : separator,
    regex: regex === '' ? '(.*)' : regex,
    replacement: replacement === '' ? '$1' : replacement,
  };
}

export const run: KindRunner = async (dir) => {
  const results: CaseResult[] = [];
  for (const { id, input, relabel: rules, keep, output } of table<RelabelCase>(dir, 'relabel.json')) {
    const expected = keep ? (output ?? {}) : null;
    results.push(
      await checkCase(`relabel.json#${id}`, expected, () => relabel(Labels.of(input), rules.map(defaulted))?.toRecord() ?? null),
    );
  }
  for (const { id, config, error } of table<ValidateCase>(dir, 'validate.json')) {
    results.push(
      await checkCase(`validate.json#${id}`, error, () => {
        const got = validateRelabelConfig(plain(config), config.name_validation_scheme ?? 'utf8');
        return error !== null && got?.includes(error) === true ? error : got;
      }),
    );
  }
  for (const { str, valid } of table<TemplateCase>(dir, 'target_label_legacy.json')) {
    const rule = { ...plain({ action: 'labelmap', regex: '(.*)' }), replacement: str };
    results.push(await checkCase(`target_label_legacy.json#${str}`, valid, () => validateRelabelConfig(rule, 'legacy') === null));
  }
  return results;
};
