/** What is sent to a target, and what its answer means before its body is read. */
import { goQuote } from '../lib/go-quote.ts';
import { httpStatusText } from '../lib/http-status.ts';
import { unreachable } from '../lib/never.ts';
import { formatDuration } from '../model/duration.ts';
import type { HttpRequest, HttpResult } from '../model/http.ts';
import type { ScrapeConfig, ScrapeProtocol } from './scrape-config.ts';
import type { Target } from './target.ts';

/** A body without body_size_limit ends here: memory has an end, too. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

const MEDIA_TYPES: Readonly<Record<Exclude<ScrapeProtocol, 'PrometheusProto'>, string>> = {
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};
/** The first weight, in tenths: one more than there are protocols. */
const FIRST_WEIGHT = 6;

/** Protocols in the order wanted. The protobuf one is not asked for: nothing here reads it. */
function acceptHeader(config: Pick<ScrapeConfig, 'scrapeProtocols' | 'metricNameEscapingScheme'>): string {
  const ranges: string[] = [];
  for (const protocol of config.scrapeProtocols) {
    if (protocol === 'PrometheusProto') continue;
    const escaping = protocol.endsWith('1.0.0') ? `;escaping=${config.metricNameEscapingScheme}` : '';
    ranges.push(`${MEDIA_TYPES[protocol]}${escaping};q=0.${FIRST_WEIGHT - ranges.length}`);
  }
  return [...ranges, `*/*;q=0.${FIRST_WEIGHT - ranges.length}`].join(',');
}

export function scrapeRequest(target: Target, config: ScrapeConfig, version: string): HttpRequest {
  return {
    method: 'GET',
    url: target.url,
    headers: {
      Accept: acceptHeader(config),
      'Accept-Encoding': config.enableCompression ? 'gzip' : 'identity',
      'User-Agent': `Tocsin/${version}`,
      'X-Prometheus-Scrape-Timeout-Seconds': String(target.timeoutMs / 1000),
    },
    timeoutMs: target.timeoutMs,
    // A body as long as the limit is over it.
    bodyBytesMax: config.bodySizeLimitBytes > 0 ? config.bodySizeLimitBytes - 1 : BODY_BYTES_MAX,
  };
}

export type ScrapeAnswer =
  | { readonly kind: 'body'; readonly body: Uint8Array; readonly contentType: string }
  | { readonly kind: 'failed'; readonly error: string; readonly isBodyTooLarge: boolean };

export function readAnswer(result: HttpResult, request: HttpRequest): ScrapeAnswer {
  if (result.kind === 'response') {
    const { status, headers, body } = result;
    if (status === 200) return { kind: 'body', body, contentType: headers.get('content-type') ?? '' };
    return { kind: 'failed', error: `server returned HTTP status ${`${status} ${httpStatusText(status)}`.trim()}`, isBodyTooLarge: false };
  }
  return { kind: 'failed', error: failureText(result, request), isBodyTooLarge: result.reason === 'body_too_large' };
}

function failureText({ reason, message }: Extract<HttpResult, { kind: 'failed' }>, request: HttpRequest): string {
  const get = `Get ${goQuote(request.url)}`;
  switch (reason) {
    case 'body_too_large':
      return `body size limit exceeded: more than ${request.bodyBytesMax} bytes`;
    case 'timeout':
      return `${get}: context deadline exceeded: no complete answer within ${formatDuration(request.timeoutMs)}`;
    case 'refused':
    case 'dns':
    case 'reset':
    case 'tls':
    case 'bad_encoding':
    case 'redirect':
    case 'credentials':
    case 'canceled':
    case 'other':
      return `${get}: ${message}`;
    default:
      return unreachable(reason);
  }
}
