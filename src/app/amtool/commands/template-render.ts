/** `amtool template render` */
import { decodeUtf8 } from '../../../lib/utf8-bytes.ts';
import type { Command } from '../command.ts';
import { orFail } from '../failure.ts';
import { readBytes } from '../settings-file.ts';
import { exampleData, templateData } from '../template-data.ts';
import { readTemplateFiles } from '../template-files.ts';

export const templateRender: Command = {
  name: 'render',
  help: `Prints what a template gives.

  amtool template render --template.glob='templates/*.tmpl' \\
    --template.text='{{ template "slack.title" . }}'`,
  flags: [
    {
      name: 'template.glob',
      kind: 'texts',
      isRequired: true,
      help: 'Template files to load beside the built-in ones; * and ? stand for any name; may be repeated',
    },
    { name: 'template.text', kind: 'text', isRequired: true, help: 'The template to print' },
    {
      name: 'template.type',
      kind: 'choice',
      choices: ['html', 'text'],
      placeholder: 'TEMPLATE.TYPE',
      help: 'html escapes what is inserted; text, the default, does not',
    },
    {
      name: 'template.data',
      kind: 'text',
      help: 'JSON file with the data of the notification, in the form that webhooks get; an invented alert, if left out',
    },
  ],
  run: async (values, { ports }) => {
    const now = ports.clock.now();
    const templates = readTemplateFiles(values.texts('template.glob'), ports.disk);
    const file = values.text('template.data');
    const data = file === '' ? exampleData(now) : templateData(decodeUtf8(readBytes(file, ports.disk)));
    const { html, text } = templates.renderer(data, now);
    ports.print(orFail((values.text('template.type') === 'html' ? html : text)(values.text('template.text'))).text);
    return 0;
  },
};
