/** The routing that `config routes` is about: of --config.file, else of the running server. */
import { RouteTree } from '../../alerts/route.ts';
import { isError, renderAll } from '../../config/diagnostic.ts';
import { type SourceFile, sourceFile, sourceFromBytes } from '../../config/source.ts';
import { readAlertmanagerFile, readRunningRoute, upstreamErrors } from './alertmanager-file.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';
import { readBytes } from './settings-file.ts';
import type { Values } from './values.ts';

/** Throws a Failure; every mistake of a file goes to standard error with its place. */
export async function loadRoutes(values: Values, context: Context): Promise<RouteTree> {
  const { ports, matchers } = context;
  const routing = { matchers, localZone: ports.localZone };
  const path = values.text('config.file');
  if (path === '') return treeOf(readRunningRoute(await runningConfig(context), routing), ports);
  if (context.hasUrl) ports.printError('Warning: --config.file flag overrides the --alertmanager.url.\n');
  const { config, ...file } = readAlertmanagerFile(sourceFromBytes(path, readBytes(path, ports.disk)), routing);
  return treeOf({ ...file, route: config?.route ?? null }, ports);
}

async function runningConfig(context: Context): Promise<SourceFile> {
  const client = await context.client();
  return sourceFile("the server's configuration", (await client.status()).config);
}

function treeOf({ route, diagnostics, sources }: ReturnType<typeof readRunningRoute>, ports: Context['ports']): RouteTree {
  if (route !== null) return new RouteTree(route);
  ports.printError(renderAll(diagnostics.filter(isError), sources));
  throw new Failure(upstreamErrors(diagnostics));
}
