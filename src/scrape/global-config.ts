/** Prometheus' half of the `global` section: what scrapes and rule groups take where they name nothing of their own. */
import { type Decoder, type ObjectDecoder, object, record, refine } from '../config/decode.ts';
import { bool, byteSize, duration, enumeration, labelName, path, string, uint } from '../config/scalars.ts';
import { expandVariables } from '../lib/expand-env.ts';
import { goQuote } from '../lib/go-quote.ts';
import { isUtf8LabelName, Labels } from '../model/labels.ts';
import type { EscapingScheme } from '../model/name-escaping.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import type { NameScheme, ScrapeProtocol } from './scrape-config.ts';
import { scrapeProtocols } from './scrape-protocol.ts';

/** Given to every scrape_config that does not say otherwise. */
type ScrapeLimits = {
  /** 0 = no limit, for all limits. */
  readonly bodySizeLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly keepDroppedTargets: number;
};

export type GlobalConfig = {
  readonly scrapeIntervalMs: DurationMs;
  readonly scrapeTimeoutMs: DurationMs;
  /** Null: each scrape takes the default that suits its native histograms. */
  readonly scrapeProtocols: readonly ScrapeProtocol[] | null;
  readonly evaluationIntervalMs: DurationMs;
  readonly ruleQueryOffsetMs: DurationMs;
  /** Variables expanded. */
  readonly externalLabels: Labels;
  readonly limits: ScrapeLimits;
  readonly metricNameValidationScheme: NameScheme;
  readonly metricNameEscapingScheme: EscapingScheme;
  readonly scrapeNativeHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly extraScrapeMetrics: boolean;
};

export type Environment = (name: string) => string | undefined;

export const nameScheme = enumeration(['utf8', 'legacy'], {
  goType: 'model.ValidationScheme',
  upstream: (text) => `unrecognized ValidationScheme: ${goQuote(text)}`,
});

export function escapingScheme(of: 'global' | 'scrape config'): Decoder<EscapingScheme> {
  const schemes = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;
  const [a, b, c, d] = schemes;
  return enumeration(schemes, {
    upstream: (text) =>
      `unknown ${of} name escaping method specified, must be one of '${a}', '${b}', '${c}', or '${d}', got ${goQuote(text)}`,
  });
}

const DEFAULT_INTERVAL = durationMs(60_000);
const DEFAULT_TIMEOUT = durationMs(10_000);

/** A zero means "not given" in every field (GlobalConfig.UnmarshalYAML). */
export function globalConfig(environment: Environment): ObjectDecoder<GlobalConfig> {
  return object('config.plain', (fields) => {
    const scheme = fields.get('metric_name_validation_scheme', nameScheme, 'utf8');
    const escaping = fields.optional('metric_name_escaping_scheme', escapingScheme('global'));
    const intervalMs = orDefault(fields.get('scrape_interval', duration), DEFAULT_INTERVAL);
    const timeoutMs = fields.get('scrape_timeout', duration);
    if (timeoutMs > intervalMs && fields.isSound('scrape_interval')) {
      fields.problem('scrape_timeout', { code: 'conflict', message: 'global scrape timeout greater than scrape interval' });
    }
    const config: GlobalConfig = {
      scrapeIntervalMs: intervalMs,
      scrapeTimeoutMs: orDefault(timeoutMs, durationMs(Math.min(DEFAULT_TIMEOUT, intervalMs))),
      scrapeProtocols: fields.optional('scrape_protocols', scrapeProtocols('global config')),
      evaluationIntervalMs: orDefault(fields.get('evaluation_interval', duration), DEFAULT_INTERVAL),
      ruleQueryOffsetMs: fields.get('rule_query_offset', duration),
      externalLabels: fields.get('external_labels', externalLabels(scheme, environment)),
      limits: {
        bodySizeLimitBytes: fields.get('body_size_limit', byteSize),
        sampleLimit: fields.get('sample_limit', uint),
        targetLimit: fields.get('target_limit', uint),
        labelLimit: fields.get('label_limit', uint),
        labelNameLengthLimit: fields.get('label_name_length_limit', uint),
        labelValueLengthLimit: fields.get('label_value_length_limit', uint),
        keepDroppedTargets: fields.get('keep_dropped_targets', uint),
      },
      metricNameValidationScheme: scheme,
      metricNameEscapingScheme: escaping ?? (scheme === 'legacy' ? 'underscores' : 'allow-utf-8'),
      scrapeNativeHistograms: fields.get('scrape_native_histograms', bool),
      convertClassicHistogramsToNhcb: fields.get('convert_classic_histograms_to_nhcb', bool),
      alwaysScrapeClassicHistograms: fields.get('always_scrape_classic_histograms', bool),
      extraScrapeMetrics: fields.get('extra_scrape_metrics', bool),
    };
    fields.unsupported('query_log_file', path, 'queries are not logged to a file');
    fields.unsupported('scrape_failure_log_file', path, 'scrape failures are in the log and on the targets page');
    return config;
  });
}

const orDefault = (given: DurationMs, fallback: DurationMs): DurationMs => (given === 0 ? fallback : given);

/** Values may name variables of the environment: $NAME, ${NAME}; $$ is a dollar sign. */
function externalLabels(scheme: NameScheme, environment: Environment): Decoder<Labels> {
  const value = refine(
    string,
    () => '',
    (text, fail) => {
      if (text !== '' && !isUtf8LabelName(text)) {
        return fail({ code: 'bad_value', message: `${goQuote(text)} is not a valid label value`, hint: 'it must be UTF-8 text' });
      }
      return expandVariables(text, (name) => {
        if (name === '$') return '$';
        const found = environment(name) ?? '';
        if (found === '')
          fail({ code: 'unknown_name', severity: 'warning', message: `the environment variable ${name} is empty or not set` });
        return found;
      });
    },
  );
  return refine(
    record(value, labelName(scheme)),
    () => Labels.empty,
    (labels) => Labels.of(labels),
  );
}
