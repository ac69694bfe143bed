/** amtool in this process, as the terminal sees it; disk and network are the machine's. */
import { amtool } from '../../src/app/amtool/amtool.ts';
import type { AmtoolPorts } from '../../src/app/amtool/context.ts';
import { networkHttpClients } from '../../src/platform/real/http-clients.ts';
import { nodeDisk } from '../../src/platform/real/node-disk.ts';
import { SystemClock } from '../../src/platform/real/system-clock.ts';

export type AmtoolRun = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const clock = new SystemClock();

/** `home` holds the settings file; `ports` replace the machine's. */
export async function runAmtool(
  argv: readonly string[],
  { home = '/nonexistent', input = '', ports = {} }: { home?: string; input?: string; ports?: Partial<AmtoolPorts> } = {},
): Promise<AmtoolRun> {
  let stdout = '';
  let stderr = '';
  const environment = (name: string): string | undefined => (name === 'HOME' ? home : undefined);
  const code = await amtool(
    argv,
    {
      clock,
      disk: nodeDisk,
      environment,
      http: networkHttpClients({ clock, disk: nodeDisk, environment, userAgent: 'Tocsin/test' }),
      localZone: 'UTC',
      username: () => 'ana',
      input: { isTerminal: false, read: async () => Buffer.from(input) },
      print: (text) => {
        stdout += text;
      },
      printError: (text) => {
        stderr += text;
      },
      ...ports,
    },
    '1.2.3',
  );
  return { code, stdout, stderr };
}
