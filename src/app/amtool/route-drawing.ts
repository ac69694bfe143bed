/** A routing tree drawn with lines, as amtool draws it. */
import { printAlertMatchers } from '../../alerts/matcher-text.ts';
import type { Route, RouteTrace } from '../../alerts/route.ts';

type Drawing = { readonly text: string; readonly children: readonly Drawing[] };

/** Every route with its receiver. */
export const drawRoutes = (root: Route): string => draw(drawingOf(root));

/** The routes that labels pass through; those that take the alert with their receiver. */
export const drawMatching = (trace: RouteTrace): string => draw(drawingOfTrace(trace));

const drawingOf = (route: Route): Drawing => ({
  text: `${matchersText(route)}${route.continue ? '  continue: true' : ''}  receiver: ${route.receiver}`,
  children: route.children.map(drawingOf),
});

const drawingOfTrace = ({ route, verdict, children }: RouteTrace): Drawing => ({
  text: `${matchersText(route)}${verdict === 'chosen' ? `  receiver: ${route.receiver}` : ''}`,
  children: children.filter((child) => child.verdict === 'chosen' || child.verdict === 'entered').map(drawingOfTrace),
});

const matchersText = ({ matchers }: Route): string => (matchers.length === 0 ? 'default-route' : printAlertMatchers(matchers));

/** Below a dot, the branches. */
function draw(root: Drawing): string {
  const lines = ['.'];
  const add = ({ text, children }: Drawing, indent: string, isLast: boolean): void => {
    lines.push(`${indent}${isLast ? '└──' : '├──'} ${text}`);
    const below = `${indent}${isLast ? '    ' : '│   '}`;
    children.forEach((child, i) => {
      add(child, below, i === children.length - 1);
    });
  };
  add(root, '', true);
  return `${lines.join('\n')}\n`;
}
