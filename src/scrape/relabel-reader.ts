/** Reads relabel_configs, wherever they stand (prometheus/model/relabel Config). */
import { type Decoder, list, object } from '../config/decode.ts';
import { enumeration, labelName, regex, string, uint64 } from '../config/scalars.ts';
import { isNull } from '../config/yaml-document.ts';
import { goQuote } from '../lib/go-quote.ts';
import { validateRelabelConfig } from './relabel.ts';
import type { NameScheme, RelabelConfig } from './scrape-config.ts';

const action = enumeration(
  ['replace', 'keep', 'drop', 'keepequal', 'dropequal', 'hashmod', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase', 'uppercase'],
  { goType: 'relabel.Action', ignoreCase: true, upstream: (text) => `unknown relabel action ${goQuote(text)}` },
);

/** `emptyRule`: what the reference says to a null in the list. */
export function relabelConfigs(scheme: NameScheme, emptyRule: string): Decoder<readonly RelabelConfig[]> {
  return list(relabelConfig(scheme), emptyRule);
}

function relabelConfig(scheme: NameScheme): Decoder<RelabelConfig> {
  return object('relabel.plain', (fields) => {
    const config: RelabelConfig = {
      sourceLabels: fields.get('source_labels', list(labelName('utf8'))),
      separator: fields.get('separator', string, ';'),
      regex: fields.get('regex', regex, '(.*)'),
      modulus: fields.get('modulus', uint64),
      targetLabel: fields.get('target_label', string),
      replacement: fields.get('replacement', string, '$1'),
      action: fields.get('action', action, 'replace'),
    };
    const written = fields.node('action');
    const isEmpty = written !== null && isNull(written);
    const error = fields.isSound('action', 'modulus')
      ? validateRelabelConfig({ ...config, action: isEmpty ? '' : config.action }, scheme)
      : null;
    if (error !== null) fields.problem('action', { code: 'bad_value', message: error });
    return config;
  });
}
