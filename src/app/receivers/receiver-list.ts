/** The receivers of a configuration, a line each. */
import type { RouteConfig } from '../../alerts/route.ts';
import type { AlertmanagerConfig } from '../config/alertmanager-config.ts';

export function receiverListText({ receivers, route }: Pick<AlertmanagerConfig, 'receivers' | 'route'>): string {
  const routed = new Set(namesIn(route));
  const width = Math.max(...receivers.map(({ name }) => name.length));
  const lines = receivers.map(({ name, integrations }) => {
    const parts = integrations.map((integration) => `${integration.name}[${integration.index}]`);
    const note = routed.has(name) ? '' : '  (no route sends to it)';
    return `${name.padEnd(width)}  ${parts.length === 0 ? 'tells nobody' : parts.join(' ')}${note}`;
  });
  return `${lines.join('\n')}\n`;
}

/** A child without a receiver has its parent's. */
const namesIn = ({ receiver, children }: RouteConfig): readonly string[] => [
  ...(receiver === null ? [] : [receiver]),
  ...children.flatMap(namesIn),
];
