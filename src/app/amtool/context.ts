/** What commands stand on: the server they talk to, the terminal, the machine. */
import type { MatcherMode } from '../../alerts/matcher-text.ts';
import type { Clock } from '../../model/clock.ts';
import type { Disk } from '../../model/disk.ts';
import type { HttpClients } from '../../model/http.ts';
import type { AlertmanagerClient } from './client.ts';

export type AmtoolPorts = {
  readonly clock: Clock;
  readonly http: HttpClients;
  readonly disk: Pick<Disk, 'read' | 'list' | 'stat'>;
  readonly environment: (name: string) => string | undefined;
  /** IANA name of the machine's zone. */
  readonly localZone: string;
  /** Of the person at the terminal; '' where the machine does not know. */
  readonly username: () => string;
  readonly input: {
    /** A person would have to type it. */
    readonly isTerminal: boolean;
    readonly read: () => Promise<Uint8Array>;
  };
  /** Text as it is, without a line break of its own. */
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
};

export type OutputFormat = 'simple' | 'extended' | 'json';

export type Context = {
  readonly ports: AmtoolPorts;
  /** The server; made when a command first asks, so that what is done locally needs none. Throws Failure. */
  readonly client: () => Promise<AlertmanagerClient>;
  /** Whether the user named a server, or the default one is meant. */
  readonly hasUrl: boolean;
  readonly matchers: MatcherMode;
  readonly output: OutputFormat;
  /** Go's layout, for tables. */
  readonly dateFormat: string;
};
