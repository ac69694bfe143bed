/**
 * Keeps one Jira issue for a group: opens it, updates it, moves it when the group fires or resolves (alertmanager
 * notify/jira/jira.go). Each attempt begins with a search, so that a repeated one finds what the first made.
 */
import { Attempt, asked, type HttpPorts, refused, withTemplateErrors } from '../http-integration.ts';
import { outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import type { JiraConfig } from './config.ts';
import {
  foundIssue,
  issueRequest,
  type JiraIssue,
  searchRequest,
  transitionId,
  transitionRequest,
  transitionsRequest,
  wantedTransition,
} from './message.ts';

const RULES = { retriesOn: [429] };

export function jiraIntegration(config: JiraConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);

  /** Moves the issue where its status asks for it; null where there is nothing to do. */
  const transition = async (issue: JiraIssue, input: SendInput, attempt: Attempt): Promise<SendOutcome | null> => {
    const name = wantedTransition(config, { isFiring: input.data.status === 'firing' }, issue);
    if (name === '') return null;
    const listed = await asked(attempt, transitionsRequest(config, issue), RULES);
    if ('kind' in listed) return listed;
    const id = transitionId(listed.text, name);
    if (id === null) return refused(`can't find transition ${name} for issue ${issue.key}`);
    return outcomeOfHttp(await attempt.request(transitionRequest(config, issue, id)), RULES);
  };

  return {
    send: async (input): Promise<SendOutcome> => {
      const attempt = new Attempt(client, ports.clock, input);
      const search = searchRequest(config, input);
      if (search.kind === 'refused') return refused(search.why);
      const answer = await asked(attempt, search.request, RULES);
      if ('kind' in answer) return answer;
      const existing = foundIssue(answer.text);
      if (existing !== null && 'error' in existing) return refused(existing.error);
      if (existing === null && input.data.status === 'resolved') return { kind: 'accepted', answer: 'no open issue to resolve' };

      const message = issueRequest(config, input, existing);
      if (message.kind === 'refused') return refused(message.why);
      const written = outcomeOfHttp(await attempt.request(message.request), RULES);
      if (written.kind !== 'accepted') return written;
      const moved = existing === null ? null : await transition(existing, input, attempt);
      return withTemplateErrors(moved ?? written, message.templateErrors);
    },
    close: () => client.close(),
  };
}
