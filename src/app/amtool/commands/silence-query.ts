/** `amtool silence query` */
import { compareTimes, timeFromUnixMs } from '../../../lib/go-time.ts';
import type { Command } from '../command.ts';
import { withAlertname } from '../label-arguments.ts';
import type { SilencePayload } from '../payload.ts';
import { printSilences } from '../silence-output.ts';
import type { Values } from '../values.ts';

export const silenceQuery: Command = {
  name: 'query',
  isDefault: true,
  help: `Shows the silences that have all of these matchers.

  amtool silence query alertname=HighLoad node=db1
  amtool silence query HighLoad
  amtool silence query --within 8h            those that end within 8 hours
  amtool silence query --within 2h --expired  those that ended within 2 hours

A first argument that is not a matcher is taken for the name of the alert.
Active and pending silences are shown, or with --expired those that are over.`,
  flags: [
    { name: 'expired', kind: 'switch', help: 'Silences that are over, and no others' },
    { name: 'quiet', short: 'q', kind: 'switch', help: 'Print ids only' },
    { name: 'created-by', kind: 'text', help: 'Silences that this person made' },
    { name: 'id', kind: 'text', help: 'The silence with this id' },
    { name: 'within', kind: 'duration', help: 'Silences that end, or with --expired have ended, within this time' },
  ],
  argument: { name: 'matcher-groups', kind: 'texts', help: 'Matchers that a silence must have' },
  run: async (values, context) => {
    const filter = withAlertname(values.positionals, context.matchers);
    const client = await context.client();
    const silences = await client.silences(filter);
    const shown = silences.filter((silence) => isAskedFor(silence, values, context.ports.clock.now()));
    context.ports.print(values.isOn('quiet') ? shown.map(({ id }) => `${id}\n`).join('') : printSilences(shown, context));
    return 0;
  },
};

function isAskedFor({ id, createdBy, endsAt }: SilencePayload, values: Values, now: number): boolean {
  const endsBefore = (at: number): boolean => compareTimes(endsAt, timeFromUnixMs(at)) < 0;
  const endsAfter = (at: number): boolean => compareTimes(endsAt, timeFromUnixMs(at)) > 0;
  const withinMs = values.durationMs('within');
  if (values.isOn('expired') ? endsAfter(now) : endsBefore(now)) return false;
  if (withinMs > 0 && (values.isOn('expired') ? endsBefore(now - withinMs) : endsAfter(now + withinMs))) return false;
  if (values.text('created-by') !== '' && values.text('created-by') !== createdBy) return false;
  return values.text('id') === '' || values.text('id') === id;
}
