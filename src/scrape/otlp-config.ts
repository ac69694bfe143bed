/** Reads the `otlp` section: how OpenTelemetry's metrics become series (prometheus/config OTLPConfig). */
import { type Decoder, list, object, refine } from '../config/decode.ts';
import { bool, enumeration, string } from '../config/scalars.ts';
import type { YamlNode } from '../config/yaml-document.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { NameScheme } from './scrape-config.ts';

const STRATEGIES = [
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
] as const;

export type OtlpConfig = {
  readonly promoteAllResourceAttributes: boolean;
  readonly promoteResourceAttributes: readonly string[];
  readonly ignoreResourceAttributes: readonly string[];
  readonly translationStrategy: (typeof STRATEGIES)[number];
  readonly keepIdentifyingResourceAttributes: boolean;
  readonly convertHistogramsToNhcb: boolean;
  readonly promoteScopeMetadata: boolean;
  readonly labelNameUnderscoreSanitization: boolean;
  readonly labelNamePreserveMultipleUnderscores: boolean;
};

const translationStrategy = enumeration(STRATEGIES, { upstream: (text) => `unsupported OTLP translation strategy ${goQuote(text)}` });

export function otlpConfig(scheme: NameScheme): Decoder<OtlpConfig> {
  return object('config.plain', (fields) => {
    const promotesAll = fields.get('promote_all_resource_attributes', bool);
    const config: OtlpConfig = {
      promoteAllResourceAttributes: promotesAll,
      promoteResourceAttributes: fields.get('promote_resource_attributes', attributes('promote_resource_attributes', 'promoted')),
      ignoreResourceAttributes: fields.get('ignore_resource_attributes', attributes('ignore_resource_attributes', 'ignored')),
      translationStrategy: fields.get('translation_strategy', translationStrategy, STRATEGIES[0]),
      keepIdentifyingResourceAttributes: fields.get('keep_identifying_resource_attributes', bool),
      convertHistogramsToNhcb: fields.get('convert_histograms_to_nhcb', bool),
      promoteScopeMetadata: fields.get('promote_scope_metadata', bool),
      labelNameUnderscoreSanitization: fields.get('label_name_underscore_sanitization', bool, true),
      labelNamePreserveMultipleUnderscores: fields.get('label_name_preserve_multiple_underscores', bool, true),
    };
    if (promotesAll && fields.isSet('promote_resource_attributes')) {
      const upstream = "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously";
      fields.exclude(['promote_all_resource_attributes', 'promote_resource_attributes'], upstream);
    }
    if (!promotesAll && fields.isSet('ignore_resource_attributes')) {
      const message = "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true";
      fields.problem('ignore_resource_attributes', { code: 'conflict', message });
    }
    const needsUtf8 = config.translationStrategy === 'NoTranslation' || config.translationStrategy === 'NoUTF8EscapingWithSuffixes';
    if (needsUtf8 && scheme === 'legacy') {
      const message = `OTLP translation strategy ${goQuote(config.translationStrategy)} is not allowed when UTF8 is disabled`;
      fields.problem('translation_strategy', { code: 'conflict', message });
    }
    return config;
  });
}

/** Names without the spaces around them, each once. */
function attributes(field: string, adjective: string): Decoder<readonly string[]> {
  return refine(
    list(string),
    () => [],
    (names, fail, node) => {
      const seen = new Set<string>();
      for (const [index, name] of names.entries()) {
        const trimmed = name.trim();
        const quoted = `duplicated ${adjective} OTel resource attribute ${goQuote(trimmed)}`;
        const message = trimmed === '' ? `empty ${adjective} OTel resource attribute` : seen.has(trimmed) ? quoted : null;
        if (message !== null) fail({ code: 'bad_value', message, upstream: `invalid '${field}': ${message}` }, itemOf(node, index));
        seen.add(trimmed);
      }
      return [...seen];
    },
  );
}

const itemOf = (node: YamlNode, index: number): YamlNode => (node.kind === 'list' ? (node.items[index] ?? node) : node);
