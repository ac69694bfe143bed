/**
 * What is wrong with a file the user wrote: what, where, and how to put it right. A value, never thrown; readers go on
 * after one, so that all of them are shown at once. Printed with the line and a caret:
 *
 *     rules/api.yml:5:10: error: "5min" is not a duration
 *     5 |     for: 5min
 *                  ^
 *     help: write a number and a unit of ms, s, m, h, d, w or y: 5m
 *
 * Lines are shown with the values of secret-looking keys masked: a line that does not even parse may hold a password.
 */
import { lineText, type Position, type SourceFile } from './source.ts';

/** Stable: tests and documentation use it. */
type DiagnosticCode =
  | 'bad_yaml' // the text is not YAML, or is too large or too deep
  | 'unreadable_file'
  | 'bad_type' // a list where a text is wanted, a word where a number is wanted
  | 'bad_value' // of the right type, but not allowed here
  | 'bad_duration'
  | 'bad_regex'
  | 'bad_url'
  | 'bad_label_name'
  | 'bad_matcher'
  | 'bad_expression' // PromQL
  | 'bad_template' // Go template
  | 'unknown_field'
  | 'missing_field'
  | 'duplicate' // a key, a job, a group, a receiver … given twice
  | 'conflict' // fields that exclude each other
  | 'unknown_name' // a reference to a receiver, a time interval, a user … that is not defined
  | 'unsupported' // valid for the reference, without effect here
  | 'deprecated';

export type Diagnostic = {
  readonly code: DiagnosticCode;
  /** An error keeps the file from being used; a warning does not. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly col: number;
  /** Lower case, no full stop, the user's value in quotes, field names in their YAML spelling. */
  readonly message: string;
  readonly hint?: string;
  /** Prometheus' or Alertmanager's own words, where ours differ: what people search for and what tools match on. */
  readonly upstream?: string;
  /** Where two places disagree: the other one. */
  readonly also?: OtherPlace;
};

export type OtherPlace = Position & { readonly file: string; readonly what: string };

/** A diagnostic without its place. */
export type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint' | 'upstream' | 'also'> & { readonly severity?: Diagnostic['severity'] };

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === 'error';

/** In the reference's words where they are known. */
export const upstreamText = (diagnostic: Diagnostic): string => diagnostic.upstream ?? diagnostic.message;

/** Head line, the source line with a caret, the other place, the help. Without its source: without the lines. */
function renderDiagnostic(diagnostic: Diagnostic, sources: ReadonlyMap<string, SourceFile>): string {
  const { file, line, col, severity, message, hint, also } = diagnostic;
  const out = [`${file}:${line}:${col}: ${severity}: ${message}`];
  const shown = (path: string, position: Position): string[] => {
    const source = sources.get(path);
    return source === undefined ? [] : frame(source, position);
  };
  out.push(...shown(file, { line, col }));
  if (also !== undefined) {
    out.push(`${also.file}:${also.line}:${also.col}: ${also.what}`, ...shown(also.file, also));
  }
  if (hint !== undefined) out.push(`help: ${hint}`);
  return out.join('\n');
}

/** All of them, with a line between; `sources` by path. */
export function renderAll(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, SourceFile>): string {
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic, sources)}\n`).join('\n');
}

const LINE_CHARS_MAX = 200;

function frame(source: SourceFile, { line, col }: Position): string[] {
  const text = maskSecrets(lineText(source, line));
  const gutter = `${line} | `;
  const from = col > LINE_CHARS_MAX ? col - LINE_CHARS_MAX / 2 : 0;
  const shown = text.slice(from, from + LINE_CHARS_MAX);
  // Tabs stay tabs below the line, so that the caret stands where the terminal puts the character.
  const indent = shown.slice(0, Math.max(0, col - 1 - from)).replaceAll(/[^\t]/g, ' ');
  return [`${gutter}${shown}`.trimEnd(), `${' '.repeat(gutter.length)}${indent}^`];
}

const SECRET_VALUE =
  /((?:password|passwd|secret|secret_id|token|credentials|key|api_url|webhook_url|topic)["']?\s*:\s+)(?:"[^"]*"|'[^']*'|[^\s,}#][^,}]*)/gi;
const URL_PASSWORD = /(:\/\/)[^/\s@"']+@/g;

const maskSecrets = (line: string): string => line.replaceAll(SECRET_VALUE, '$1<secret>').replaceAll(URL_PASSWORD, '$1<secret>@');
