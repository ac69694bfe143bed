import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';
import type { HttpRequest } from '../../model/http.ts';

const LEAST = 'api_url: https://jira/rest/api/2\nproject: OPS\nissue_type: Bug';
const RESOLVED = notificationInput({ firing: 0, resolved: 1 });

test.each([
  ['project: P\nissue_type: B', 'no global Jira Cloud URL set'],
  ['api_url: http://j/\nissue_type: B', 'missing project in jira_config'],
  ['api_url: http://j/\nproject: P', 'missing issue_type in jira_config'],
  [`${LEAST}\napi_type: server`, 'unknown api_type on jira_config, must be auto, cloud or datacenter'],
  [`${LEAST}\ndescription: {text: x}`, 'field text not found in type'],
])('%j is refused', (yaml, error) => {
  expect(configError('jira', yaml)).toContain(error);
});

test('summary and description are templates, or maps with one', () => {
  const { configured } = readIntegration('jira', `${LEAST}\nsummary: s\ndescription: {enable_update: false}`);
  expect(configured?.config).toMatchObject({
    summary: { template: 's', enableUpdate: true },
    description: { template: '{{ template "jira.default.description" . }}', enableUpdate: false },
  });
});

/** A Jira with or without an issue in some status. */
function jira(
  yaml: string,
  issue: { readonly status: 'new' | 'done' } | null,
  refuses: Readonly<Record<string, number>> = {},
): ReceiverBench {
  const answer = ({ method, url }: HttpRequest) => {
    const path = url.replace(/^https?:\/\/[^/]+\/rest\/api\/\d\//, '');
    const status = refuses[`${method} ${path}`];
    if (status !== undefined) return response('{}', { status });
    if (path.startsWith('search'))
      return response(
        JSON.stringify({ issues: issue === null ? [] : [{ key: 'OPS-7', fields: { status: { statusCategory: { key: issue.status } } } }] }),
      );
    return path.endsWith('transitions') && method === 'GET'
      ? response('{"transitions":[{"id":"11","name":"Reopen"},{"id":"21","name":"Done"}]}')
      : response('', { status: 204 });
  };
  return new ReceiverBench('jira', `${LEAST}\n${yaml}`, { answer });
}

const requestsOf = (bench: ReceiverBench): readonly string[] => bench.requests.map(({ method, url }) => `${method} ${url}`);

test('a firing group without an issue opens one', async () => {
  const bench = jira(
    "summary: 'two\n\n  lines'\ndescription: '{{ .Status }}'\nlabels: [zoo, '{{ .CommonLabels.job }}']\nfields: {customfield_1: {value: '{{ len .Alerts }}'}}\npriority: High",
    null,
  );
  expect(await bench.send()).toMatchObject({ kind: 'accepted' });
  expect(requestsOf(bench)).toEqual(['POST https://jira/rest/api/2/search', 'POST https://jira/rest/api/2/issue']);
  expect(bench.body(0)).toEqual({
    jql: expect.stringMatching(
      /^statusCategory != Done and project="OPS" and labels="ALERT\{[0-9a-f]{64}\}" order by status ASC,resolutiondate DESC$/,
    ),
    maxResults: 2,
    fields: ['status'],
  });
  expect(bench.body(1)).toEqual({
    fields: {
      project: { key: 'OPS' },
      issuetype: { name: 'Bug' },
      summary: 'two lines',
      description: 'firing',
      labels: [expect.stringMatching(/^ALERT\{/), 'api', 'zoo'],
      priority: { name: 'High' },
      customfield_1: { value: 1 },
    },
  });
  expect(bench.requests[1]?.headers).toEqual({ 'Content-Type': 'application/json', 'Accept-Language': 'en' });
});

test('a resolved group without an issue leaves it at that', async () => {
  const bench = jira('', null);
  expect(await bench.send(RESOLVED)).toEqual({ kind: 'accepted', answer: 'no open issue to resolve' });
  expect(bench.requests).toHaveLength(1);
});

test('an issue that is there is updated, but for the fields that stay', async () => {
  const bench = jira('description: {template: d, enable_update: false}', { status: 'new' });
  await bench.send();
  expect(requestsOf(bench)[1]).toBe('PUT https://jira/rest/api/2/issue/OPS-7');
  expect(bench.body(1)).toMatchObject({ fields: { summary: expect.any(String) } });
  expect((bench.body(1) as { readonly fields: object }).fields).not.toHaveProperty('description');
});

describe('a transition', () => {
  const yaml = 'reopen_transition: Reopen\nresolve_transition: Done\nreopen_duration: 1h\nwont_fix_resolution: WONTFIX';
  test.each([
    ['firing', 'done', '11'],
    ['resolved', 'new', '21'],
  ] as const)('of a group that is %s, with an issue that is %s', async (status, issue, id) => {
    const bench = jira(yaml, { status: issue });
    expect(await bench.send(status === 'firing' ? notificationInput() : RESOLVED)).toMatchObject({ kind: 'accepted' });
    expect(requestsOf(bench).slice(2)).toEqual([
      'GET https://jira/rest/api/2/issue/OPS-7/transitions',
      'POST https://jira/rest/api/2/issue/OPS-7/transitions',
    ]);
    expect(bench.body(3)).toEqual({ transition: { id } });
  });

  test('is not made where the issue is as it should be', async () => {
    const bench = jira(yaml, { status: 'new' });
    await bench.send();
    expect(bench.requests).toHaveLength(2);
    expect(bench.body(0)).toMatchObject({
      jql: expect.stringContaining(
        '(resolution is EMPTY or resolution != "WONTFIX") and (resolutiondate is EMPTY OR resolutiondate >= -60m) and project',
      ),
    });
  });

  test('that the issue does not have is told', async () => {
    const outcome = await jira('resolve_transition: Close', { status: 'new' }).send(RESOLVED);
    expect(outcome).toMatchObject({ kind: 'rejected', retry: false, message: "can't find transition Close for issue OPS-7" });
  });
});

test.each([
  ['https://x.atlassian.net/rest/api/2', 'auto', 'https://x.atlassian.net/rest/api/3/search/jql'],
  ['https://x.atlassian.net/rest/api/2', 'datacenter', 'https://x.atlassian.net/rest/api/2/search'],
  ['https://jira/rest/api/2/', 'cloud', 'https://jira/rest/api/3/search/jql'],
  ['https://jira/rest/api/2/', 'auto', 'https://jira/rest/api/2/search'],
])('at %s of type %s the search is %s', async (url, type, search) => {
  const bench = new ReceiverBench('jira', `api_url: ${url}\napi_type: ${type}\nproject: P\nissue_type: B`, {
    answer: () => response('{"issues":[]}'),
  });
  await bench.send();
  expect(bench.requests[0]?.url).toBe(search);
});

test.each([
  ['\'{"type":"doc","version":1,"content":[]}\'', { type: 'doc', version: 1, content: [] }],
  ['plain', { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'plain' }] }] }],
])('version 3 of the API takes a document: %s', async (template, description) => {
  const bench = new ReceiverBench('jira', `api_url: http://j/rest/api/3\nproject: P\nissue_type: B\ndescription: ${template}`, {
    answer: () => response('{"issues":[]}'),
  });
  await bench.send();
  expect(bench.body(1)).toMatchObject({ fields: { description } });
});

test.each([
  ['POST search', 429, true],
  ['POST issue', 400, false],
])('a refused %s with status %i ends the attempt', async (path, status, retry) => {
  expect(await jira('', null, { [path]: status }).send()).toMatchObject({ kind: 'rejected', retry });
});
