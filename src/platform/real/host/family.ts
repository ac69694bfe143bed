/** A family of host metrics, and its text (exposition format 0.0.4). */
export type HostSample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };
export type HostFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'untyped';
  readonly samples: readonly HostSample[];
};

export const single = (type: HostFamily['type'], name: string, help: string, value: number): HostFamily => ({
  name,
  help,
  type,
  samples: [{ labels: {}, value }],
});

/** Families without samples leave no trace, as with Prometheus' client libraries. */
export function familiesText(families: readonly HostFamily[]): string {
  let text = '';
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { labels, value } of samples) text += `${name}${labelsText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

function labelsText(labels: HostSample['labels']): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const numberText = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';

/** The lines of a text without the empty ones. */
export const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');
/** The words of a line. */
export const wordsOf = (line: string): readonly string[] => line.trim().split(/\s+/);
