/** --enable-feature: amtool takes the server's names, and only how matchers are read concerns it. */
import type { MatcherMode } from '../../alerts/matcher-text.ts';
import { Failure } from './failure.ts';

export const FEATURES = [
  'alert-names-in-metrics',
  'receiver-name-in-metrics',
  'group-key-in-metrics',
  'classic-mode',
  'utf8-strict-mode',
  'auto-gomemlimit',
  'auto-gomaxprocs',
  'event-recorder',
];

/** Of a comma-separated list; throws a Failure. */
export function matcherMode(list: string): MatcherMode {
  const features = list.split(',').filter((name) => name !== '');
  const refuse = (why: string): never => {
    throw new Failure(`error parsing the feature flag list: ${why}`);
  };
  for (const name of features) if (!FEATURES.includes(name)) refuse(`unknown option '${name}' for --enable-feature`);
  const [classic, utf8] = [features.includes('classic-mode'), features.includes('utf8-strict-mode')];
  if (classic && utf8) refuse('cannot have both classic and UTF-8 modes enabled');
  if (classic) return 'classic';
  return utf8 ? 'utf8' : 'fallback';
}
