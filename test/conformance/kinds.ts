/** The kinds that have a runner; a folder of the data that is not here is reported as having none. */
import type { KindRunner } from './kind.ts';

export const KINDS: Readonly<Record<string, () => Promise<KindRunner>>> = {
  'alertmanager/acceptance': async () => (await import('./alertmanager/acceptance.ts')).run,
  'alertmanager/alerts': async () => (await import('./alertmanager/alerts.ts')).run,
  'alertmanager/config': async () => (await import('./alertmanager/config.ts')).run,
  'alertmanager/inhibit': async () => (await import('./alertmanager/inhibit.ts')).run,
  'alertmanager/matchers': async () => (await import('./alertmanager/matchers.ts')).run,
  'alertmanager/notify': async () => (await import('./alertmanager/notify.ts')).run,
  'alertmanager/routing': async () => (await import('./alertmanager/routing.ts')).run,
  'alertmanager/silence': async () => (await import('./alertmanager/silence.ts')).run,
  'alertmanager/timeinterval': async () => (await import('./alertmanager/timeinterval.ts')).run,
  'prometheus/config': async () => (await import('./prometheus/config.ts')).run,
  'prometheus/relabel': async () => (await import('./prometheus/relabel.ts')).run,
  'prometheus/parser': async () => (await import('./prometheus/parser.ts')).run,
  'prometheus/textparse': async () => (await import('./prometheus/textparse.ts')).run,
  'alertmanager/template': async () => (await import('./alertmanager/template.ts')).run,
  'prometheus/template': async () => (await import('./prometheus/template.ts')).run,
  'prometheus/promqltest': async () => (await import('./prometheus/promqltest.ts')).run,
  'prometheus/promql-compliance': async () => (await import('./prometheus/promql-compliance.ts')).run,
  'prometheus/rulefmt': async () => (await import('./prometheus/rulefmt.ts')).run,
  'prometheus/rules': async () => (await import('./prometheus/rules.ts')).run,
};
