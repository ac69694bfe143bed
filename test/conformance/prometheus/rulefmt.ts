/** prometheus/rulefmt: rule files and what is wrong with them, the warning of a second document, how errors are printed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parserOptions } from '../../../src/app/config/engine-config.ts';
import { isError, upstreamText } from '../../../src/config/diagnostic.ts';
import { sourceFile } from '../../../src/config/source.ts';
import { durationMs } from '../../../src/model/time.ts';
import { type RuleFile, type RuleFileContext, readRuleFile, ruleErrorText } from '../../../src/rules/rule-file.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Node = { readonly Line: number; readonly Column: number };
type Manifest = {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly expect: 'ok' | 'error';
        readonly errorContains?: string;
        readonly nameValidationScheme: RuleFileContext['nameScheme'];
      }
    >
  >;
  readonly inline: readonly {
    readonly name: string;
    readonly rules: string;
    readonly ok: boolean;
    readonly errorCount?: number;
    readonly groups?: number;
    readonly multiDocWarning?: boolean;
  }[];
  readonly multiDoc: Readonly<Record<string, string>>;
  readonly errorStrings: readonly {
    readonly name: string;
    readonly error: {
      readonly Group: string;
      readonly Rule: number;
      readonly RuleName: string;
      readonly Err: { readonly err: string; readonly node?: Node; readonly nodeAlt?: Node };
    };
    readonly want: string;
  }[];
};

/** From the README: what a second document, even an empty one, makes Prometheus log. */
const MULTI_DOC_WARNING = 'Multiple document yaml rules files are not supported, only the first document is parsed';

export const run: KindRunner = async (dir) => {
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest;
  const results: CaseResult[] = [];
  for (const [name, { expect, errorContains = '', nameValidationScheme }] of Object.entries(manifest.files)) {
    const wanted = expect === 'ok' ? [] : errorContains;
    results.push(
      await checkCase(name, wanted, () => {
        const errors = errorsOf(read(readFileSync(join(dir, 'testdata', name), 'utf8'), nameValidationScheme));
        return expect === 'error' && errors.some((error) => error.includes(errorContains)) ? errorContains : errors;
      }),
    );
  }
  for (const { name, rules, ok, ...counts } of manifest.inline) {
    results.push(
      await checkCase(`inline ${name}`, { ok, ...counts }, () => {
        const file = read(rules);
        const errors = errorsOf(file);
        return {
          ok: errors.length === 0,
          ...(counts.errorCount === undefined ? {} : { errorCount: new Set(errors).size }),
          ...(counts.groups === undefined ? {} : { groups: file.groups.length }),
          ...(counts.multiDocWarning === undefined ? {} : { multiDocWarning: warningsOf(file).length > 0 }),
        };
      }),
    );
  }
  for (const [name, text] of Object.entries(manifest.multiDoc)) {
    const wanted = { errors: [], groups: ['example'], warnings: name === 'valid' ? [] : [MULTI_DOC_WARNING] };
    results.push(
      await checkCase(`multiDoc ${name}`, wanted, () => {
        const file = read(text);
        return { errors: errorsOf(file), groups: file.groups.map((group) => group.name), warnings: warningsOf(file) };
      }),
    );
  }
  for (const { name, error, want } of manifest.errorStrings) {
    results.push(
      await checkCase(`errorStrings ${name}`, want, () =>
        ruleErrorText({
          group: error.Group,
          rule: error.Rule,
          ruleName: error.RuleName,
          message: error.Err.err,
          places: [error.Err.node, error.Err.nodeAlt].flatMap((node) =>
            node === undefined ? [] : [{ line: node.Line, col: node.Column }],
          ),
        }),
      ),
    );
  }
  return results;
};

const read = (text: string, nameScheme: RuleFileContext['nameScheme'] = 'utf8'): RuleFile =>
  readRuleFile(sourceFile('rules.yml', text), {
    nameScheme,
    parser: parserOptions([]),
    intervalMs: durationMs(60_000),
    queryOffsetMs: durationMs(0),
  });

const errorsOf = ({ diagnostics }: RuleFile): readonly string[] => diagnostics.filter(isError).map(upstreamText);
const warningsOf = ({ diagnostics }: RuleFile): readonly string[] =>
  diagnostics.filter((diagnostic) => !isError(diagnostic)).map(upstreamText);
