/** `amtool alert add` */
import type { Command } from '../command.ts';
import { jsonTime } from '../go-json.ts';
import { instant } from '../instants.ts';
import { pairsOf, withAlertname } from '../label-arguments.ts';

/** The JSON value of a time, as API v2 writes one; undefined for the flag not given. */
const written = (text: string): string | undefined => (text === '' ? undefined : (JSON.parse(jsonTime(instant(text))) as string));

export const alertAdd: Command = {
  name: 'add',
  help: `Sends an alert to the server.

  amtool alert add alertname=HighLoad node=db1
  amtool alert add HighLoad node=db1 --annotation=summary="load above 20"

A first argument without an operator is taken for the name of the alert.`,
  flags: [
    { name: 'generator-url', kind: 'text', help: 'Where the alert comes from' },
    { name: 'start', kind: 'text', help: 'When the alert began, as 2006-01-02T15:04:05-07:00; now, if left out' },
    { name: 'end', kind: 'text', help: 'When the alert ends, as 2006-01-02T15:04:05-07:00; the resolve timeout from now, if left out' },
    { name: 'annotation', kind: 'texts', help: 'An annotation, name=value; may be repeated' },
  ],
  argument: { name: 'labels', kind: 'texts', help: 'Labels of the alert, name=value' },
  run: async (values, { client, matchers }) => {
    const labels = pairsOf(withAlertname(values.positionals, matchers), matchers, 'labels must be specified as key=value pairs');
    const annotations = pairsOf(values.texts('annotation'), matchers, 'annotations must be specified as key=value pairs');
    const alert = {
      labels: Object.fromEntries(labels),
      annotations: Object.fromEntries(annotations),
      startsAt: written(values.text('start')),
      endsAt: written(values.text('end')),
      generatorURL: values.text('generator-url') === '' ? undefined : values.text('generator-url'),
    };
    await (await client()).postAlerts([alert]);
    return 0;
  },
};
