/** A test of a receiver as a terminal shows it. */
import type { ReceiverTest, TestedMessage, TestOutcome } from '../../api/tocsin-v1/receiver-test.ts';

export const hasFailed = ({ integrations }: ReceiverTest): boolean =>
  integrations.some(({ outcome }) => outcome.kind === 'rejected' || outcome.kind === 'unknown');

export function receiverTestText({ receiver, integrations }: ReceiverTest): string {
  if (integrations.length === 0) return `receiver "${receiver}" has no integrations: whatever is routed to it is told to nobody\n`;
  const parts = integrations.map(({ integration, messages, outcome }) =>
    [`== ${receiver}: ${integration}`, ...messages.map(messageText), outcomeText(outcome)].join('\n\n'),
  );
  return `${parts.join('\n\n')}\n`;
}

function messageText(message: TestedMessage): string {
  switch (message.kind) {
    case 'http': {
      const head = [`${message.method} ${message.url}`, ...message.headers.map(([name, value]) => `${name}: ${value}`)].join('\n');
      const body = message.body === '' ? [] : [readable(message.body)];
      return [head, ...body, ...answerText(message.answer)].join('\n\n');
    }
    case 'mail': {
      const head = [`mail through ${message.server}`, ...message.headers.map(([name, value]) => `${name}: ${value}`)].join('\n');
      return [head, ...[message.text, message.html].filter((part) => part !== '').map((part) => part.trimEnd())].join('\n\n');
    }
    case 'call':
    case 'text':
      return `${message.kind} from ${message.from} to ${message.to}\n\n${message.text}`;
    case 'inbox':
      return [
        `in the inbox: ${message.subject}`,
        ...[message.text, message.html].filter((part) => part !== '').map((part) => part.trimEnd()),
      ].join('\n\n');
  }
}

type Answer = Extract<TestedMessage, { readonly kind: 'http' }>['answer'];

function answerText(answer: Answer): readonly string[] {
  if (answer === null) return [];
  return ['error' in answer ? `no answer: ${answer.error}` : `answer: ${answer.status} ${answer.body.trim()}`.trimEnd()];
}

/** JSON over several lines. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return body; // a form, or what a user made of a payload
    throw error;
  }
}

function outcomeText(outcome: TestOutcome): string {
  switch (outcome.kind) {
    case 'made':
      return `not sent${outcome.note === '' ? '' : `; it would go out ${outcome.note}`}`;
    case 'accepted':
      return `accepted: ${outcome.answer}`;
    case 'rejected':
      return `refused: ${outcome.message}`;
    case 'unknown':
      return `unknown, it may have been taken: ${outcome.message}`;
  }
}
