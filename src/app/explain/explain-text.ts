/** An explanation as text for a terminal: the cause, then the tree of what led to it. */
import type { Explanation, ExplanationStage } from '../../api/tocsin-v1/explanation.ts';
import { Labels } from '../../model/labels.ts';

const MARKS: Readonly<Record<ExplanationStage['verdict'], string>> = { passed: '+', stopped: 'x', waiting: '~', unknown: '?' };

export function explanationText({ verdict, subject, at, notes, stages, others }: Explanation): string {
  const lines = [
    verdict,
    '',
    `${subjectText(subject)} at ${at}`,
    ...stages.flatMap((stage, i) => stageLines(stage, '', i === stages.length - 1)),
    ...notes.map((note) => `note: ${note}`),
    ...(others.length === 0 ? [] : ['also matches:', ...others.map((labels) => `  ${subjectText(labels)}`)]),
  ];
  return `${lines.map(onOneLine).join('\n')}\n`;
}

function stageLines({ stage, verdict, reason, at, details, stages }: ExplanationStage, indent: string, isLast: boolean): readonly string[] {
  const below = `${indent}${isLast ? '   ' : '│  '}`;
  const when = at === null ? '' : ` [${at}]`;
  return [
    `${indent}${isLast ? '└─ ' : '├─ '}${MARKS[verdict]} ${stage}: ${reason}${when}`,
    ...details.map((detail) => `${below}${stages.length > 0 ? '│' : ' '}    ${detail}`),
    ...stages.flatMap((inner, i) => stageLines(inner, below, i === stages.length - 1)),
  ];
}

function subjectText(subject: Readonly<Record<string, string>>): string {
  const { alertname = '', ...rest } = subject;
  const labels = Labels.of(rest);
  return labels.size === 0 && alertname !== '' ? alertname : `${alertname}${labels}`;
}

/** Answers of providers and errors of rules come with any characters. */
const onOneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trimEnd();
