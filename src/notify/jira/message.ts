/**
 * From a notification to the requests that keep one Jira issue for a group: the search for it, its creation or update, and
 * its transition (alertmanager notify/jira/jira.go). The issue is found again by a label made of the group's key.
 */
import { goQuote } from '../../lib/go-quote.ts';
import { parseGoUrl } from '../../lib/go-url.ts';
import { compareUtf8 } from '../../lib/utf8-order.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { FieldRenderer } from '../field-renderer.ts';
import { jsonObject } from '../http-outcome.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, type Outgoing } from '../outgoing.ts';
import { joinUrl } from '../url-field.ts';
import type { JiraConfig } from './config.ts';

const SUMMARY_RUNES_MAX = 255;
const DESCRIPTION_RUNES_MAX = 32_767;
const HEADERS = { 'Accept-Language': 'en' };

/** `isDone`: by its status category; null where the answer does not say. */
export type JiraIssue = { readonly key: string; readonly isDone: boolean | null };

const labelOf = (groupKey: string): string => `ALERT{${dedupKey(groupKey)}}`;

export function searchRequest(config: JiraConfig, input: SendInput): Made {
  const render = new FieldRenderer(input);
  const project = render.text(config.project);
  if (render.errors.length > 0) return { kind: 'refused', why: `the template of project failed: ${render.errors.join('; ')}` };
  const body = { jql: jqlOf(config, input, project), maxResults: 2, fields: ['status'] };
  return made(jsonRequest(searchUrl(config), body, { headers: HEADERS }), render);
}

function jqlOf(config: JiraConfig, { data, groupKey }: Pick<SendInput, 'data' | 'groupKey'>, project: string): string {
  const { wontFixResolution, reopenTransition, reopenDurationMs } = config;
  const minutes = Math.trunc(reopenDurationMs / 60_000);
  const reopens = data.status === 'firing' && reopenTransition !== '' && minutes > 0;
  return [
    // != alone would leave out the issues that have no resolution yet.
    ...(wontFixResolution === '' ? [] : [`(resolution is EMPTY or resolution != ${goQuote(wontFixResolution)})`]),
    reopens ? `(resolutiondate is EMPTY OR resolutiondate >= -${minutes}m)` : 'statusCategory != Done',
    `project=${goQuote(project)}`,
    `labels=${goQuote(labelOf(groupKey))} order by status ASC,resolutiondate DESC`,
  ].join(' and ');
}

/** Jira Cloud has given up the old search, Data Center does not have the new one. */
function searchUrl({ apiUrl, apiType }: JiraConfig): string {
  const url = parseGoUrl(apiUrl);
  const isCloud = apiType === 'cloud' || (apiType === 'auto' && !('error' in url) && url.host.endsWith('atlassian.net'));
  return isCloud ? joinUrl(apiUrl, 'search/jql').replace('/rest/api/2/', '/rest/api/3/') : joinUrl(apiUrl, 'search');
}

/** The issue that a search found: of several the first, which is the one most recently resolved. */
export function foundIssue(answer: string): JiraIssue | null | { readonly error: string } {
  const issues = jsonObject(answer)?.['issues'];
  if (!Array.isArray(issues)) return { error: `the search's answer has no issues: ${answer.slice(0, 200)}` };
  const issue = issues[0] as
    | { readonly key?: unknown; readonly fields?: { readonly status?: { readonly statusCategory?: { readonly key?: unknown } } } }
    | undefined;
  if (issue === undefined) return null;
  const category = issue.fields?.status?.statusCategory?.key;
  return { key: String(issue.key), isDone: typeof category === 'string' ? category === 'done' : null };
}

/** Creates the issue, or updates `existing`. */
export function issueRequest(config: JiraConfig, input: SendInput, existing: JiraIssue | null): Made {
  const render = new FieldRenderer(input);
  const { summary, description } = config;
  const priority = render.text(config.priority);
  const labels = [...config.labels.map((label) => render.text(label)), labelOf(input.groupKey)].sort(compareUtf8);
  const own = Object.entries(config.fields).map(([name, value]): [string, unknown] => [name, render.deep(value, null)]);
  const fixed = {
    project: { key: render.text(config.project) },
    issuetype: { name: render.text(config.issueType) },
    labels,
    priority: priority === '' ? undefined : { name: priority },
    summary: existing === null || summary.enableUpdate ? summaryOf(config, render) : undefined,
  };
  // Last, for it names what went wrong elsewhere.
  const text = existing === null || description.enableUpdate ? render.body(description.template, { max: DESCRIPTION_RUNES_MAX }) : '';
  const fields = { ...fixed, description: descriptionOf(config, text), ...Object.fromEntries(own) };
  const url = joinUrl(config.apiUrl, existing === null ? 'issue' : `issue/${existing.key}`);
  return made(jsonRequest(url, { fields }, { method: existing === null ? 'POST' : 'PUT', headers: HEADERS }), render);
}

/** One line: Jira refuses more. */
const summaryOf = ({ summary }: JiraConfig, render: FieldRenderer): string =>
  truncateRunes(render.text(summary.template, render.plain.subject).replace(/\s*\n\s*/g, ' '), SUMMARY_RUNES_MAX).text;

/** Version 3 of the API takes Atlassian's document format: the text as JSON, or a document around it. */
function descriptionOf({ apiUrl }: JiraConfig, text: string): unknown {
  const isV3 = /\/3\/*$/.test(apiUrl.split(/[?#]/, 1)[0] ?? '');
  if (!isV3) return text === '' ? undefined : text;
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return jsonObject(trimmed) ?? { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: trimmed }] }] };
}

/** The name of the transition that an issue needs now; '' for none. */
export function wantedTransition(config: JiraConfig, { isFiring }: { readonly isFiring: boolean }, { isDone }: JiraIssue): string {
  if (isDone === null || isDone !== isFiring) return '';
  return isDone ? config.reopenTransition : config.resolveTransition;
}

const transitionsUrl = ({ apiUrl }: JiraConfig, { key }: JiraIssue): string => joinUrl(apiUrl, `issue/${key}/transitions`);

export const transitionsRequest = (config: JiraConfig, issue: JiraIssue): Outgoing => ({
  method: 'GET',
  url: transitionsUrl(config, issue),
  headers: { 'Content-Type': 'application/json', ...HEADERS },
});

/** The id of the transition with that name. */
export function transitionId(answer: string, name: string): string | null {
  const transitions = jsonObject(answer)?.['transitions'];
  if (!Array.isArray(transitions)) return null;
  const found = (transitions as readonly { readonly id?: unknown; readonly name?: unknown }[]).find(
    (transition) => transition.name === name,
  );
  return found === undefined ? null : String(found.id);
}

export const transitionRequest = (config: JiraConfig, issue: JiraIssue, id: string): Outgoing =>
  jsonRequest(transitionsUrl(config, issue), { transition: { id } }, { headers: HEADERS });
