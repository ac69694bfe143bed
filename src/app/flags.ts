/**
 * The flags of `tocsin serve`: our own, and Prometheus' and Alertmanager's under their own names and meanings
 * (cmd/prometheus/main.go, alertmanager/cmd/main.go), so that a unit file changes by one word. A flag that means nothing
 * here is taken, and named in a note. Spelled as kingpin does: --flag=value, --flag value, --[no-]flag; -flag as well.
 */

export type FlagKind = 'text' | 'list' | 'bool' | 'duration' | 'bytes' | 'int';

export type Flag = {
  readonly name: string;
  readonly kind: FlagKind;
  /** As the user would write it; a list's default is one item. */
  readonly fallback: string;
  readonly help: string;
  /** Why it has no effect; absent for one that has. */
  readonly ignored?: string;
  /** Other names for the same flag. */
  readonly also?: readonly string[];
};

const CLUSTER = 'there is no cluster: one process keeps all state';
const LATER = 'has no effect yet';

export const SERVE_FLAGS: readonly Flag[] = [
  {
    name: 'config.file',
    also: ['c', 'config'],
    kind: 'list',
    fallback: 'tocsin.yml',
    help: 'configuration file; repeat it to merge several, prometheus.yml and alertmanager.yml for example',
  },
  {
    name: 'storage.path',
    also: ['data'],
    kind: 'text',
    fallback: 'data/',
    help: 'data directory: state.db, and the time-series database below tsdb/',
  },
  {
    name: 'storage.tsdb.path',
    kind: 'text',
    fallback: '',
    help: 'time-series database elsewhere; a Prometheus data directory can be given',
  },
  { name: 'web.listen-address', kind: 'list', fallback: '127.0.0.1:9099', help: 'address to listen on; repeat it for several' },
  { name: 'web.external-url', kind: 'text', fallback: '', help: 'URL under which others reach this server, for links in notifications' },
  { name: 'web.route-prefix', kind: 'text', fallback: '', help: 'prefix of all paths; default: the path of --web.external-url' },
  { name: 'web.config.file', kind: 'text', fallback: '', help: "TLS and basic authentication, in Prometheus' format" },
  { name: 'web.allow-anonymous', kind: 'bool', fallback: 'false', help: 'listen on other addresses than loopback without authentication' },
  { name: 'web.enable-lifecycle', kind: 'bool', fallback: 'false', help: 'allow /-/quit' },
  { name: 'web.enable-remote-write-receiver', kind: 'bool', fallback: 'false', help: 'take samples by remote write at /api/v1/write' },
  { name: 'web.enable-admin-api', kind: 'bool', fallback: 'false', help: 'allow /api/v1/admin', ignored: LATER },
  { name: 'web.enable-otlp-receiver', kind: 'bool', fallback: 'false', help: 'take OTLP metrics', ignored: LATER },
  { name: 'web.cors.origin', kind: 'text', fallback: '.*', help: 'regular expression of origins that may read the API from a browser' },
  { name: 'web.get-concurrency', kind: 'int', fallback: '0', help: 'simultaneous GETs of the Alertmanager API; 0: max(processors, 8)' },
  { name: 'web.timeout', kind: 'duration', fallback: '0s', help: 'limit of a request of the Alertmanager API', ignored: LATER },
  { name: 'web.read-timeout', kind: 'duration', fallback: '5m', help: 'limit of reading a request', ignored: 'the limit is fixed at 5 m' },
  { name: 'web.max-connections', kind: 'int', fallback: '512', help: 'simultaneous connections', ignored: LATER },
  { name: 'web.max-notifications-subscribers', kind: 'int', fallback: '16', help: 'live subscribers of the web page', ignored: LATER },
  { name: 'web.page-title', kind: 'text', fallback: 'Tocsin', help: 'title of the web page' },
  { name: 'web.user-assets', kind: 'text', fallback: '', help: 'files to serve below /user', ignored: LATER },
  { name: 'web.console.templates', kind: 'text', fallback: 'consoles', help: 'console templates', ignored: 'consoles are not served' },
  {
    name: 'web.console.libraries',
    kind: 'text',
    fallback: 'console_libraries',
    help: 'console libraries',
    ignored: 'consoles are not served',
  },
  { name: 'storage.tsdb.retention.time', kind: 'duration', fallback: '', help: 'how long samples are kept' },
  { name: 'storage.tsdb.retention.size', kind: 'bytes', fallback: '', help: 'how many bytes of blocks are kept' },
  { name: 'storage.tsdb.wal-segment-size', kind: 'bytes', fallback: '128MB', help: 'size at which a WAL segment is cut' },
  {
    name: 'storage.tsdb.wal-compression',
    kind: 'bool',
    fallback: 'true',
    help: 'compress the WAL',
    ignored: 'the WAL is always compressed with snappy',
  },
  {
    name: 'storage.tsdb.wal-compression-type',
    kind: 'text',
    fallback: 'snappy',
    help: 'how to compress the WAL',
    ignored: 'the WAL is always compressed with snappy',
  },
  {
    name: 'storage.tsdb.no-lockfile',
    kind: 'bool',
    fallback: 'false',
    help: 'do not lock the data directory',
    ignored: 'the data directory is always locked',
  },
  { name: 'storage.tsdb.min-block-duration', kind: 'duration', fallback: '2h', help: 'length of the first blocks', ignored: LATER },
  { name: 'storage.tsdb.max-block-duration', kind: 'duration', fallback: '', help: 'length of the longest blocks', ignored: LATER },
  { name: 'storage.tsdb.allow-overlapping-blocks', kind: 'bool', fallback: 'true', help: 'overlapping blocks', ignored: LATER },
  { name: 'storage.tsdb.head-chunks-write-queue-size', kind: 'int', fallback: '0', help: 'write queue of head chunks', ignored: LATER },
  { name: 'storage.remote.read-sample-limit', kind: 'int', fallback: '50000000', help: 'samples in a remote read', ignored: LATER },
  { name: 'storage.remote.read-concurrent-limit', kind: 'int', fallback: '10', help: 'simultaneous remote reads', ignored: LATER },
  { name: 'storage.remote.read-max-bytes-in-frame', kind: 'bytes', fallback: '1MB', help: 'frame of a remote read', ignored: LATER },
  {
    name: 'storage.remote.flush-deadline',
    kind: 'duration',
    fallback: '1m',
    help: 'limit of flushing remote writes at the end',
    ignored: LATER,
  },
  { name: 'query.lookback-delta', kind: 'duration', fallback: '5m', help: 'how far back an instant selector looks for a sample' },
  { name: 'query.timeout', kind: 'duration', fallback: '2m', help: 'limit of a query' },
  { name: 'query.max-concurrency', kind: 'int', fallback: '20', help: 'queries under way at once; more wait' },
  { name: 'query.max-samples', kind: 'int', fallback: '50000000', help: 'samples that one query may hold' },
  {
    name: 'rules.alert.resend-delay',
    kind: 'duration',
    fallback: '1m',
    help: 'how often a firing alert is said again; part of the endsAt that the API shows',
  },
  {
    name: 'rules.alert.for-outage-tolerance',
    kind: 'duration',
    fallback: '1h',
    help: 'outage over which `for` is restored',
    ignored: 'the state of alerts is kept exactly, over any outage',
  },
  {
    name: 'rules.alert.for-grace-period',
    kind: 'duration',
    fallback: '10m',
    help: 'shortest `for` that is restored',
    ignored: 'the state of alerts is kept exactly, over any outage',
  },
  {
    name: 'rules.max-concurrent-evals',
    kind: 'int',
    fallback: '4',
    help: 'rules evaluated at once within a group',
    ignored: 'rules of a group are evaluated in order',
  },
  {
    name: 'alertmanager.notification-queue-capacity',
    kind: 'int',
    fallback: '10000',
    help: 'alerts waiting for an external Alertmanager',
    ignored: 'alerts go to the router in this process',
  },
  {
    name: 'alertmanager.notification-batch-size',
    kind: 'int',
    fallback: '256',
    help: 'alerts per request to an external Alertmanager',
    ignored: 'alerts go to the router in this process',
  },
  {
    name: 'alertmanager.drain-notification-queue-on-shutdown',
    kind: 'bool',
    fallback: 'true',
    help: 'send what waits for an external Alertmanager at the end',
    ignored: 'alerts go to the router in this process',
  },
  { name: 'data.retention', kind: 'duration', fallback: '120h', help: 'how long the notification log and expired silences are kept' },
  {
    name: 'data.maintenance-interval',
    kind: 'duration',
    fallback: '15m',
    help: 'how often state is saved',
    ignored: 'state is saved as it changes',
  },
  { name: 'alerts.gc-interval', kind: 'duration', fallback: '30m', help: 'how often resolved alerts are dropped' },
  { name: 'alerts.per-alertname-limit', kind: 'int', fallback: '0', help: 'live alerts per alertname taken by the API; 0: no limit' },
  { name: 'silences.max-silences', kind: 'int', fallback: '0', help: 'silences kept, expired ones included; 0: no limit' },
  { name: 'silences.max-silence-size-bytes', kind: 'int', fallback: '0', help: 'size of one silence; 0: no limit' },
  { name: 'log.silences', kind: 'bool', fallback: 'false', help: 'log silences', ignored: 'silences are in the event log' },
  {
    name: 'dispatch.maintenance-interval',
    kind: 'duration',
    fallback: '30s',
    help: 'how often empty groups are dropped',
    ignored: 'empty groups are dropped at once',
  },
  { name: 'dispatch.start-delay', kind: 'duration', fallback: '0s', help: 'how long after the start groups are held' },
  { name: 'auto-gomemlimit.ratio', kind: 'text', fallback: '0.9', help: 'memory limit', ignored: 'this is not a Go program' },
  { name: 'auto-gomemlimit', kind: 'bool', fallback: 'true', help: 'memory limit', ignored: 'this is not a Go program' },
  { name: 'auto-gomaxprocs', kind: 'bool', fallback: 'true', help: 'threads', ignored: 'this is not a Go program' },
  {
    name: 'config.auto-reload-interval',
    kind: 'duration',
    fallback: '30s',
    help: 'how often files are looked at for changes',
    ignored: LATER,
  },
  { name: 'agent', kind: 'bool', fallback: 'false', help: 'agent mode', ignored: 'there is no agent mode' },
  { name: 'scrape.adjust-timestamps', kind: 'bool', fallback: 'true', help: 'snap timestamps to the grid', ignored: LATER },
  { name: 'scrape.timestamp-tolerance', kind: 'duration', fallback: '2ms', help: 'how far timestamps are snapped', ignored: LATER },
  { name: 'enable-feature', kind: 'list', fallback: '', help: "comma-separated names, Prometheus' and Alertmanager's" },
  { name: 'log.level', kind: 'text', fallback: 'info', help: 'debug, info, warn or error' },
  { name: 'log.format', kind: 'text', fallback: 'logfmt', help: 'logfmt or json' },
  ...[
    'listen-address',
    'advertise-address',
    'peer',
    'peer-timeout',
    'peer-name',
    'peers-resolve-timeout',
    'gossip-interval',
    'pushpull-interval',
    'tcp-timeout',
    'probe-timeout',
    'probe-interval',
    'settle-timeout',
    'reconnect-interval',
    'reconnect-timeout',
    'tls-config',
    'label',
  ].map(
    (name): Flag => ({
      name: `cluster.${name}`,
      kind: 'list',
      fallback: '',
      help: 'accepted for Alertmanager unit files',
      ignored: CLUSTER,
    }),
  ),
  {
    name: 'cluster.allow-insecure-public-advertise-address-discovery',
    kind: 'bool',
    fallback: 'false',
    help: 'accepted for Alertmanager unit files',
    ignored: CLUSTER,
  },
];
