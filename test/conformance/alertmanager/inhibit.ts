/** alertmanager/inhibit: whether a label set is inhibited, and by which alert. */
import { parse } from 'yaml';
import { Inhibitor } from '../../../src/alerts/inhibit.ts';
import { fingerprintOf } from '../../../src/model/fingerprint.ts';
import { Labels } from '../../../src/model/labels.ts';
import { unixMs } from '../../../src/model/time.ts';
import { type InhibitYaml, inhibitRule } from '../../support/alertmanager-yaml.ts';
import type { KindRunner } from '../kind.ts';
import { checkTable } from './table.ts';

type Strings = Readonly<Record<string, string>>;
type Case = {
  readonly rules_yaml: string;
  readonly alerts: readonly { readonly labels: Strings; readonly state: 'firing' | 'resolved' }[];
  readonly target: Strings;
  readonly inhibited: boolean;
  readonly inhibited_by_any_of: readonly Strings[];
};

const NOW = unixMs(1_000_000);

export const run: KindRunner = (dir) =>
  checkTable<Case>(dir, 'cases.json', (item) => ({
    expected: { inhibited: item.inhibited, byOneOf: item.inhibited ? true : null },
    run: () => {
      const inhibitor = new Inhibitor(((parse(item.rules_yaml) as readonly InhibitYaml[] | null) ?? []).map(inhibitRule));
      for (const alert of item.alerts) {
        const labels = Labels.of(alert.labels);
        inhibitor.add({ fingerprint: fingerprintOf(labels), labels, alert: { endsAt: alert.state === 'resolved' ? unixMs(1) : null } });
      }
      const found = inhibitor.inhibiting(Labels.of(item.target), NOW);
      const byOneOf = found === null ? null : item.inhibited_by_any_of.some((labels) => Labels.of(labels).equals(found.source.labels));
      return { inhibited: found !== null, byOneOf };
    },
  }));
