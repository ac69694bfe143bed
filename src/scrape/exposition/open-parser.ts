/** The parser of a format, with the conversions that a job asks for. */
import { NhcbParser } from './nhcb-parser.ts';
import { OpenMetricsParser } from './openmetrics-parser.ts';
import type { ExpositionParser, ParserOptions } from './parser.ts';
import { TextParser } from './text-parser.ts';

export type ExpositionOptions = ParserOptions & {
  readonly convertClassicHistogramsToNhcb: boolean;
  /** With the conversion: give out the classic series too. */
  readonly keepClassicHistograms: boolean;
};

export function openParser(format: 'text' | 'openmetrics', body: Uint8Array, options: ExpositionOptions): ExpositionParser {
  const parser = format === 'text' ? new TextParser(body, options) : new OpenMetricsParser(body, options);
  if (!options.convertClassicHistogramsToNhcb) return parser;
  return new NhcbParser(parser, { keepClassic: options.keepClassicHistograms, startTimestamps: options.startTimestamps });
}
