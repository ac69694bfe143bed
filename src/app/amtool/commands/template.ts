/** `amtool template` */
import type { Command } from '../command.ts';
import { templateRender } from './template-render.ts';

export const template: Command = { name: 'template', help: 'Try out templates.', commands: [templateRender] };
