/** A map whose values are what they are in YAML, texts in them being templates: PagerDuty's details, Jira's fields. */
import { type Decoder, wrongType } from '../config/decode.ts';
import { type PlainValue, plainValueOf } from '../template/deep-render.ts';

export type PlainMap = Readonly<Record<string, PlainValue>>;

export const plainMap: Decoder<PlainMap> = {
  goType: 'map[string]interface {}',
  expects: 'a map',
  zero: () => ({}),
  read: (node, sink) => (node.kind === 'map' ? (plainValueOf(node) as PlainMap) : wrongType(node, plainMap, sink)),
};
