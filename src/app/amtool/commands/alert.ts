/** `amtool alert` */
import type { Command } from '../command.ts';
import { alertAdd } from './alert-add.ts';
import { alertQuery } from './alert-query.ts';

export const alert: Command = { name: 'alert', help: 'Show alerts, or send one.', commands: [alertQuery, alertAdd] };
