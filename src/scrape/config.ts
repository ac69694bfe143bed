/** Reads scrape_configs (prometheus/config ScrapeConfig): one job each, defaults taken from `global`. */
import { type Decoder, type Fields, list, object, record } from '../config/decode.ts';
import { httpClientFields } from '../config/http-config.ts';
import { bool, byteSize, duration, float, path, string, uint } from '../config/scalars.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { EscapingScheme } from '../model/name-escaping.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import { discoveryFields } from './discovery-reader.ts';
import { escapingScheme, type GlobalConfig, nameScheme } from './global-config.ts';
import { relabelConfigs } from './relabel-reader.ts';
import type { NameScheme, ScrapeConfig } from './scrape-config.ts';
import { fallbackProtocol, PROTO_FIRST, scrapeProtocols, TEXT_FIRST } from './scrape-protocol.ts';

export function scrapeConfigs(global: GlobalConfig): Decoder<readonly ScrapeConfig[]> {
  return list(scrapeConfig(global), 'empty or null scrape config section');
}

function scrapeConfig(global: GlobalConfig): Decoder<ScrapeConfig> {
  return object('config.ScrapeConfig', (fields): ScrapeConfig => {
    const jobName = fields.required('job_name', string, 'job_name is empty');
    const job = `scrape config with job name ${goQuote(jobName)}`;
    const nativeHistograms = fields.optional('scrape_native_histograms', bool) ?? global.scrapeNativeHistograms;
    const protocols = fields.optional('scrape_protocols', scrapeProtocols(job)) ?? global.scrapeProtocols;
    const names = nameSchemes(fields, global);
    const relabel = relabelConfigs(names.validation, 'empty or null target relabeling rule in scrape config');
    const metricRelabel = relabelConfigs(names.validation, 'empty or null metric relabeling rule in scrape config');
    const relabelRules = fields.get('relabel_configs', relabel);
    fields.unsupported('scrape_failure_log_file', path, 'scrape failures are in the log and on the targets page');
    return {
      jobName,
      ...timing(fields, global, job),
      scrapeProtocols: protocols ?? (nativeHistograms ? PROTO_FIRST : TEXT_FIRST),
      fallbackScrapeProtocol: fields.optional('fallback_scrape_protocol', fallbackProtocol(job)),
      scrapeNativeHistograms: nativeHistograms,
      alwaysScrapeClassicHistograms: fields.optional('always_scrape_classic_histograms', bool) ?? global.alwaysScrapeClassicHistograms,
      convertClassicHistogramsToNhcb: fields.optional('convert_classic_histograms_to_nhcb', bool) ?? global.convertClassicHistogramsToNhcb,
      metricsPath: fields.get('metrics_path', string, '/metrics'),
      scheme: fields.get('scheme', string, 'http'),
      params: fields.get('params', record(list(string))),
      honorLabels: fields.get('honor_labels', bool),
      honorTimestamps: fields.get('honor_timestamps', bool, true),
      trackTimestampsStaleness: fields.get('track_timestamps_staleness', bool),
      enableCompression: fields.get('enable_compression', bool, true),
      extraScrapeMetrics: fields.optional('extra_scrape_metrics', bool) ?? global.extraScrapeMetrics,
      http: httpClientFields(fields),
      bodySizeLimitBytes: fields.get('body_size_limit', byteSize) || global.limits.bodySizeLimitBytes,
      sampleLimit: fields.get('sample_limit', uint) || global.limits.sampleLimit,
      targetLimit: fields.get('target_limit', uint) || global.limits.targetLimit,
      labelLimit: fields.get('label_limit', uint) || global.limits.labelLimit,
      labelNameLengthLimit: fields.get('label_name_length_limit', uint) || global.limits.labelNameLengthLimit,
      labelValueLengthLimit: fields.get('label_value_length_limit', uint) || global.limits.labelValueLengthLimit,
      nativeHistogramBucketLimit: fields.get('native_histogram_bucket_limit', uint),
      nativeHistogramMinBucketFactor: fields.get('native_histogram_min_bucket_factor', float),
      keepDroppedTargets: fields.get('keep_dropped_targets', uint) || global.limits.keepDroppedTargets,
      metricNameValidationScheme: names.validation,
      metricNameEscapingScheme: names.escaping,
      relabelConfigs: relabelRules,
      metricRelabelConfigs: fields.get('metric_relabel_configs', metricRelabel),
      ...discoveryFields(fields, { refusesUrls: !fields.isSet('relabel_configs') }),
    };
  });
}

/** A timeout that is written must fit into the interval; one that is inherited is lowered to it. */
function timing(fields: Fields, global: GlobalConfig, job: string): Pick<ScrapeConfig, 'scrapeIntervalMs' | 'scrapeTimeoutMs'> {
  const ownIntervalMs = fields.get('scrape_interval', duration);
  const scrapeIntervalMs: DurationMs = ownIntervalMs === 0 ? global.scrapeIntervalMs : ownIntervalMs;
  const ownTimeoutMs = fields.get('scrape_timeout', duration);
  if (ownTimeoutMs > scrapeIntervalMs && fields.isSound('scrape_interval')) {
    fields.problem('scrape_timeout', { code: 'conflict', message: `scrape timeout greater than scrape interval for ${job}` });
  }
  const inheritedMs = durationMs(Math.min(global.scrapeTimeoutMs, scrapeIntervalMs));
  return { scrapeIntervalMs, scrapeTimeoutMs: ownTimeoutMs === 0 ? inheritedMs : ownTimeoutMs };
}

/** The escaping follows the validation scheme of the job if that is given, else the global escaping. */
function nameSchemes(fields: Fields, global: GlobalConfig): { readonly validation: NameScheme; readonly escaping: EscapingScheme } {
  const own = fields.optional('metric_name_validation_scheme', nameScheme);
  const validation = own ?? global.metricNameValidationScheme;
  const ownDefault = own === 'legacy' ? 'underscores' : 'allow-utf-8';
  const inherited = own === null ? global.metricNameEscapingScheme : ownDefault;
  const escaping = fields.optional('metric_name_escaping_scheme', escapingScheme('scrape config')) ?? inherited;
  if (escaping === 'allow-utf-8' && validation === 'legacy') {
    const message = 'utf8 metric names requested but validation scheme is not set to UTF8';
    fields.problem('metric_name_escaping_scheme', { code: 'conflict', message, hint: 'use underscores, dots or values with legacy names' });
  }
  return { validation, escaping };
}
