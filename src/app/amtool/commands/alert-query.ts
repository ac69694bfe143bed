/** `amtool alert query` */
import { printAlerts } from '../alert-output.ts';
import type { Command } from '../command.ts';
import { withAlertname } from '../label-arguments.ts';

export const alertQuery: Command = {
  name: 'query',
  isDefault: true,
  help: `Shows the alerts that the server has now and that all matchers match.

  amtool alert query alertname=HighLoad node=~"db.*"
  amtool alert query HighLoad node=db1

A first argument that is not a matcher is taken for the name of the alert.
The flags choose alerts by state; without any of them active ones are shown.`,
  flags: [
    { name: 'inhibited', short: 'i', kind: 'switch', help: 'Alerts that others inhibit' },
    { name: 'silenced', short: 's', kind: 'switch', help: 'Alerts that are silenced' },
    { name: 'active', short: 'a', kind: 'switch', help: 'Alerts that are active' },
    { name: 'unprocessed', short: 'u', kind: 'switch', help: 'Alerts that have not been looked at yet' },
    { name: 'receiver', short: 'r', kind: 'text', help: 'Alerts that go to a receiver whose name this regular expression matches' },
  ],
  argument: { name: 'matcher-groups', kind: 'texts', help: 'Matchers, all of which an alert must match' },
  run: async (values, context) => {
    const filter = withAlertname(values.positionals, context.matchers);
    const [silenced, inhibited, unprocessed] = [values.isOn('silenced'), values.isOn('inhibited'), values.isOn('unprocessed')];
    const active = values.isOn('active') || !(silenced || inhibited || unprocessed);
    const client = await context.client();
    const alerts = await client.alerts({ active, silenced, inhibited, unprocessed, receiver: values.text('receiver'), filter });
    context.ports.print(printAlerts(alerts, context));
    return 0;
  },
};
