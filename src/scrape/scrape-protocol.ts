/** The exposition formats that a scrape may ask for, by their names in the configuration. */
import { type Decoder, list, refine } from '../config/decode.ts';
import type { Problem } from '../config/diagnostic.ts';
import { string } from '../config/scalars.ts';
import { describePlace, placeOf } from '../config/yaml-document.ts';
import { nearestWord } from '../lib/edit-distance.ts';
import type { ScrapeProtocol } from './scrape-config.ts';

/** Most wanted first. */
export const TEXT_FIRST: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];
/** For native histograms, which only protobuf carries. */
export const PROTO_FIRST: readonly ScrapeProtocol[] = ['PrometheusProto', ...TEXT_FIRST];

const SORTED = PROTO_FIRST.toSorted();
const asProtocol = (text: string): ScrapeProtocol | undefined => PROTO_FIRST.find((protocol) => protocol === text);

function unknownProtocol(text: string, upstream: (error: string) => string): Problem {
  const near = nearestWord(text, SORTED);
  return {
    code: 'bad_value',
    message: `"${text}" is not one of ${SORTED.join(', ')}`,
    upstream: upstream(`unknown scrape protocol ${text}, supported: [${SORTED.join(' ')}]`),
    ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
  };
}

/** `where` ends the reference's messages: 'global config'. */
export function scrapeProtocols(where: string): Decoder<readonly ScrapeProtocol[]> {
  return refine(
    list(string),
    () => [],
    (names, fail, node) => {
      if (names.length === 0) return fail({ code: 'missing_field', message: `scrape_protocols cannot be empty for ${where}` });
      const items = node.kind === 'list' ? node.items : [];
      const protocols: ScrapeProtocol[] = [];
      for (const [index, name] of names.entries()) {
        const item = items[index] ?? node;
        const protocol = asProtocol(name);
        const earlier = items[names.findIndex((other) => other.toLowerCase() === name.toLowerCase())];
        if (protocol === undefined) {
          fail(
            unknownProtocol(name, (error) => `scrape_protocols: ${error} for ${where}`),
            item,
          );
        } else if (earlier !== undefined && earlier !== item) {
          const problem: Problem = {
            code: 'duplicate',
            message: `"${name}" is already listed at ${describePlace(earlier)}`,
            upstream: `duplicated protocol in scrape_protocols, got [${names.join(' ')}] for ${where}`,
            also: placeOf(earlier, 'the first one'),
          };
          fail(problem, item);
        } else protocols.push(protocol);
      }
      return protocols;
    },
  );
}

export function fallbackProtocol(where: string): Decoder<ScrapeProtocol> {
  return {
    ...refine(
      string,
      (): ScrapeProtocol => 'PrometheusText0.0.4',
      (text, fail) => asProtocol(text) ?? fail(unknownProtocol(text, (error) => `invalid fallback_scrape_protocol for ${where}: ${error}`)),
    ),
    goType: 'config.ScrapeProtocol',
    emptyIsAbsent: true,
  };
}
