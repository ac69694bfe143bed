import { expect, test } from 'vitest';
import type { Overview } from '../api/tocsin-v1/overview.ts';
import { renderPage, renderSilenceForm } from './page.ts';

const EVIL = `"><script>alert(1)</script>'`;
const overview: Overview = {
  title: 'Tocsin',
  version: '1.0.0',
  now: 1_000_000,
  startedAt: 0,
  prefix: '/x',
  alerts: [
    {
      fingerprint: 'f',
      labels: [
        ['alertname', EVIL],
        ['severity', 'critical'],
      ],
      annotations: [['summary', EVIL]],
      startsAt: 940_000,
      generatorUrl: 'javascript:alert(1)',
      state: 'active',
      silencedBy: [],
      inhibitedBy: [],
      mutedBy: [],
      routes: [{ receiver: 'team', routeKey: '{}', groupKey: EVIL, nextFlushAt: 1_030_000, acknowledged: { by: EVIL, at: 900_000 } }],
      story: [{ at: 950_000, stage: 'ingest', verdict: 'stored', reason: 'new', detail: EVIL }],
    },
  ],
  alertCount: 3,
  pendingCount: 1,
  silences: [{ id: 's', state: 'active', matchers: EVIL, startsAt: 0, endsAt: 4_600_000, createdBy: EVIL, comment: EVIL }],
  notifications: [
    {
      id: 'n',
      createdAt: 999_000,
      receiver: 'team',
      integration: 'inbox',
      reason: 'first notification',
      state: 'accepted',
      answer: '',
      groupKey: EVIL,
      alerts: 1,
      subject: EVIL,
      text: EVIL,
    },
  ],
  targets: [{ job: 'a', url: 'http://a/metrics', health: 'down', lastError: EVIL, lastScrapeAt: 999_000, lastScrapeMs: 12 }],
  rules: { groups: 1, rules: 2, failing: [{ rule: 'r', error: EVIL }], evaluatedAt: 998_000 },
  problems: [EVIL],
  notice: EVIL,
};

test('nothing that a label, an annotation or an error holds becomes markup or a script link', async () => {
  const page = String(await renderPage(overview));
  expect(page).not.toContain('<script');
  expect(page).not.toContain('javascript:');
  expect(String(await renderSilenceForm({ title: 'T', prefix: '', error: EVIL, values: { matchers: EVIL } }))).not.toContain('<script');
});

test('the page answers what fires, where it goes, what was sent and what is wrong', async () => {
  const page = String(await renderPage(overview));
  for (const text of [
    '3 firing, 1 pending',
    'firing for 1 min',
    'receiver <b>team</b>',
    'looked at again in 30 s',
    'first notification',
    '✗ down',
    '2 more',
    '/x/silences/s/expire',
  ])
    expect(page).toContain(text);
});
