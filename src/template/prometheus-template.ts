/** One Prometheus template (prometheus/template Expander): the function set bound to an evaluation, errors in its words. */
import { ANY, GoCallError, type GoFunction, type GoValue, goFunction, goString, STRING } from '../lib/go-value.ts';
import { textArgument } from './arguments.ts';
import { HTML_CONTENT } from './content.ts';
import type { MissingKey, Rendered } from './execute.ts';
import { contextFunctions, PROMETHEUS_FUNCTIONS, type PrometheusContext } from './prometheus-functions.ts';
import { type Rendering, TemplateSet } from './template-set.ts';

/** `tmpl` runs a template whose name is computed; Prometheus has it in HTML mode only, and so takes its output as safe. */
const tmpl = (rendering: Rendering): GoFunction =>
  goFunction([STRING, ANY], (args) => {
    const rendered = rendering.renderNamed(textArgument(args, 0), args[1] ?? null);
    if ('error' in rendered) throw new GoCallError(rendered.error);
    return goString(rendered.text, HTML_CONTENT);
  });

const NO_TMPL: GoFunction = goFunction([STRING, ANY], () => {
  throw new Error('BUG: tmpl is not bound to a rendering');
});

/** The sets keep what they have parsed, so one of them serves all evaluations. */
export function prometheusTemplates(mode: 'text' | 'html', missingKey: MissingKey): TemplateSet {
  const functions = mode === 'text' ? PROMETHEUS_FUNCTIONS : new Map([...PROMETHEUS_FUNCTIONS, ['tmpl', NO_TMPL] as const]);
  return new TemplateSet(new Map(), { functions, missingKey });
}

export type Expansion = {
  readonly mode: 'text' | 'html';
  readonly name: string;
  readonly text: string;
  readonly data: GoValue | null;
  readonly context: PrometheusContext;
};

export function expandTemplate(templates: TemplateSet, expansion: Expansion): { readonly text: string } | { readonly error: string } {
  const { mode, name, text, data, context } = expansion;
  const bind = (rendering: Rendering): ReadonlyMap<string, GoFunction> => {
    const functions = contextFunctions(context);
    return mode === 'text' ? functions : new Map([...functions, ['tmpl', tmpl(rendering)] as const]);
  };
  return expansionOf(
    name,
    mode === 'text' ? templates.executeText(text, data, { name, bind }) : templates.executeHtml(text, data, { name, bind }),
  );
}

export function expansionOf(name: string, rendered: Rendered): { readonly text: string } | { readonly error: string } {
  if (!('error' in rendered)) return rendered;
  return { error: `error ${rendered.stage === 'parse' ? 'parsing' : 'executing'} template ${name}: ${rendered.error}` };
}
