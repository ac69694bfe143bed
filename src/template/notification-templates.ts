/**
 * Alertmanager's templates: the built-in ones, then the files of `templates:`, and the fields of receivers run beside
 * them (alertmanager/template). Also the labels of routes, whose values may be templates that refer to each other.
 */

import type { Diagnostic } from '../config/diagnostic.ts';
import { GoCallError, type GoFunction, type GoValue, goFunction, goString, STRING } from '../lib/go-value.ts';
import { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';
import { goNotification, type NotificationData } from './alertmanager-data.ts';
import { ALERTMANAGER_FUNCTIONS, clockFunctions } from './alertmanager-functions.ts';
import { textArgument } from './arguments.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import type { Rendered } from './execute.ts';
import { parseTemplates, type TemplateFile, type TemplateSet } from './template-set.ts';

/** Later definitions replace earlier ones, so `files` may redefine what is built in. */
export function parseNotificationTemplates(
  files: readonly TemplateFile[],
): NotificationTemplates | { readonly diagnostics: readonly Diagnostic[] } {
  const parsed = parseTemplates([...DEFAULT_TEMPLATES, ...files], { functions: ALERTMANAGER_FUNCTIONS });
  return 'diagnostics' in parsed ? parsed : new NotificationTemplates(parsed);
}

/** Renders the fields of one notification. */
export type NotificationRenderer = {
  /** Go's text/template; an empty text is empty. */
  readonly text: (text: string) => Rendered;
  /** Go's html/template, for what is shown as HTML. */
  readonly html: (text: string) => Rendered;
};

export class NotificationTemplates {
  readonly #set: TemplateSet;

  constructor(set: TemplateSet) {
    this.#set = set;
  }

  /** Null where the text parses, else Go's error. */
  check(text: string): string | null {
    return this.#set.check(text);
  }

  /** `page`: where a reader acknowledges and silences, for `{{ pageURL }}`; '' where there is no such page. */
  renderer(data: NotificationData, now: UnixMs, page = ''): NotificationRenderer {
    const dot = goNotification(data);
    const clock = new Map([...clockFunctions(now), ['pageURL', goFunction([], () => goString(page))]]);
    return {
      text: (text) => this.#render('text', text, dot, data, clock),
      html: (text) => this.#render('html', text, dot, data, clock),
    };
  }

  #render(mode: 'text' | 'html', text: string, dot: GoValue, data: NotificationData, clock: ReadonlyMap<string, GoFunction>): Rendered {
    const bind = (rendering: { readonly renderText: (text: string, functions: ReadonlyMap<string, GoFunction>) => Rendered }) => {
      const resolver = new RouteLabelResolver(data, (value) => rendering.renderText(value, functions));
      const functions: ReadonlyMap<string, GoFunction> = new Map([...clock, ['routeLabels', resolver.asFunction()]]);
      return functions;
    };
    return mode === 'text' ? this.#set.executeText(text, dot, { bind }) : this.#set.executeHtml(text, dot, { bind });
  }

  /** The labels of the group's route with their values rendered, or the first error. */
  routeLabels(data: NotificationData, now: UnixMs): Labels | { readonly error: string } {
    const { text } = this.renderer(data, now);
    const resolver = new RouteLabelResolver(data, text);
    const rendered: [string, string][] = [];
    for (const [name] of data.routeLabels) {
      const value = resolver.resolve(name);
      if ('error' in value) return value;
      rendered.push([name, value.text]);
    }
    return Labels.fromPairs(rendered);
  }
}

/** Renders each label once; a label that needs itself is an error. */
class RouteLabelResolver {
  readonly #data: NotificationData;
  readonly #render: (text: string) => { readonly text: string } | { readonly error: string };
  readonly #known = new Map<string, string>();
  /** Those being rendered, outermost first. */
  readonly #stack: string[] = [];

  constructor(data: NotificationData, render: (text: string) => { readonly text: string } | { readonly error: string }) {
    this.#data = data;
    this.#render = render;
  }

  asFunction(): GoFunction {
    return goFunction([STRING], (args) => {
      const result = this.resolve(textArgument(args, 0));
      if ('error' in result) throw new GoCallError(result.error);
      return goString(result.text);
    });
  }

  resolve(name: string): { readonly text: string } | { readonly error: string } {
    const raw = this.#data.routeLabels.get(name);
    if (raw === '' || this.#data.routeLabelsAreRendered) return { text: raw };
    const known = this.#known.get(name);
    if (known !== undefined) return { text: known };
    if (this.#stack.includes(name)) return { error: `route label cycle detected: ${[...this.#stack, name].join(' -> ')}` };
    this.#stack.push(name);
    const rendered = this.#render(raw);
    this.#stack.pop();
    if (!('error' in rendered)) this.#known.set(name, rendered.text);
    return rendered;
  }
}
