/**
 * Which parser reads an answer: its Content-Type, else the fallback_scrape_protocol of the job
 * (prometheus/model/textparse extractMediaType; media types as Go's mime.ParseMediaType reads them).
 */
import { goQuote } from '../../lib/go-quote.ts';
import type { ScrapeProtocol } from '../scrape-config.ts';

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

export type FormatChoice = {
  /** null: nothing can read the answer, the scrape fails. */
  readonly format: ExpositionFormat | null;
  /** Why there is none, or why the fallback is used; null when the answer says what it is. */
  readonly problem: string | null;
};

const FORMATS: Readonly<Record<string, ExpositionFormat>> = {
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
  'text/plain': 'text',
};
const FALLBACK_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto: 'application/vnd.google.protobuf',
  'OpenMetricsText1.0.0': 'application/openmetrics-text',
  'OpenMetricsText0.0.1': 'application/openmetrics-text',
  'PrometheusText1.0.0': 'text/plain',
  'PrometheusText0.0.4': 'text/plain',
};

export function chooseFormat(contentType: string, fallback: ScrapeProtocol | null): FormatChoice {
  const fallbackType = fallback === null ? null : FALLBACK_TYPES[fallback];
  const other = (received: string, detail: string): FormatChoice => {
    if (fallbackType === null)
      return { format: null, problem: `${received} and no fallback_scrape_protocol specified for target${detail}` };
    return {
      format: FORMATS[fallbackType] ?? null,
      problem: `${received}, using fallback_scrape_protocol ${goQuote(fallbackType)}${detail}`,
    };
  };
  if (contentType === '') return other('non-compliant scrape target sending blank Content-Type', '');
  const media = parseMediaType(contentType);
  if ('error' in media) return other(`cannot parse received Content-Type ${goQuote(contentType)}`, `: ${media.error}`);
  const format = Object.hasOwn(FORMATS, media.type) ? FORMATS[media.type] : undefined;
  return format === undefined ? other(`received unsupported Content-Type ${goQuote(contentType)}`, '') : { format, problem: null };
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;
/** A parameter: name and value, the value a token or quoted. */
const PARAMETER = /^\s*;\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\\r\n]|\\[^\r\n])*)")/;

function parseMediaType(header: string): { readonly type: string } | { readonly error: string } {
  const semicolon = header.indexOf(';');
  const base = semicolon < 0 ? header : header.slice(0, semicolon);
  const type = base.trim().toLowerCase();
  const bad = badMediaType(type);
  if (bad !== null) return { error: bad };
  const values = new Map<string, string>();
  let rest = header.slice(base.length);
  while (rest.trim() !== '' && rest.trim() !== ';') {
    const match = PARAMETER.exec(rest);
    if (match === null) return { error: 'mime: invalid media parameter' };
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2] ?? match[3] ?? '';
    const known = values.get(name);
    if (known !== undefined && known !== value) return { error: 'mime: duplicate parameter name' };
    values.set(name, value);
    rest = rest.slice(match[0].length);
  }
  return { type };
}

function badMediaType(type: string): string | null {
  const main = TOKEN.exec(type)?.[0] ?? '';
  if (main === '') return 'mime: no media type';
  const rest = type.slice(main.length);
  if (rest === '') return null;
  if (!rest.startsWith('/')) return 'mime: expected slash after first token';
  const subtype = TOKEN.exec(rest.slice(1))?.[0] ?? '';
  if (subtype === '') return 'mime: expected token after slash';
  return rest.length > subtype.length + 1 ? 'mime: unexpected content after media subtype' : null;
}
