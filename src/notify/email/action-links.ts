/**
 * Where a reader can do something about the alerts. With an address that readers can reach: the notification's own page,
 * which acknowledges and silences; opening it changes nothing, since mail scanners open every link. Without: our page under
 * the external URL, with the form of a silence filled in.
 */
import { queryEscape } from '../../lib/query-escape.ts';
import type { Labels } from '../../model/labels.ts';
import { equalMatcher, printMatcher } from '../../model/matcher.ts';
import type { SendInput } from '../integration.ts';

export type ActionLink = { readonly label: string; readonly url: string };

/** The most wanted first. */
export function actionLinks({ links, data }: Pick<SendInput, 'links' | 'data'>): readonly ActionLink[] {
  const { externalUrl, receiver, status } = data;
  const matchers = matchersIn(data.commonLabels) ?? matchersIn(data.groupLabels) ?? [];
  const filter = matchers.length === 0 ? '' : `&filter=${queryEscape(`{${matchers.join(', ')}}`)}`;
  const open = { label: 'Open', url: `${externalUrl}/#/alerts?receiver=${queryEscape(receiver)}${filter}` };
  if (status !== 'firing') return [open];
  if (links !== null) return [{ label: 'Acknowledge', url: links.page }, { label: 'Silence 1 h', url: `${links.page}#silence` }, open];
  const filled = matchers.length === 0 ? '' : `&matchers=${queryEscape(matchers.join(', '))}`;
  return [{ label: 'Silence 1 h', url: `${externalUrl}/silences/new?duration=1h${filled}` }, open];
}

/** Mail programs and browsers cut longer ones. */
const MATCHERS_LETTERS_MAX = 1500;

/** Null where they are too long for a link. */
function matchersIn(labels: Labels): readonly string[] | null {
  const matchers = [...labels].map(([name, value]) => printMatcher(equalMatcher(name, value)));
  return queryEscape(matchers.join(', ')).length > MATCHERS_LETTERS_MAX ? null : matchers;
}
