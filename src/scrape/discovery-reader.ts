/**
 * Reads static_configs and every *_sd_configs of a scrape or Alertmanager section. The rules and their wording are those
 * of prometheus/discovery; the discoveries that are not built are in unbuilt-discovery.ts, checked and warned about.
 */

import { type DecodedBy, type Decoder, type Fields, list, object, record, refine } from '../config/decode.ts';
import type { DiagnosticSink } from '../config/diagnostic-sink.ts';
import { HTTP_CLIENT_FIELDS, httpClientFields } from '../config/http-config.ts';
import { bool, duration, enumeration, httpUrl, int, labelName, path, pathLike, scalar, string, url } from '../config/scalars.ts';
import { secretSource } from '../config/secret-fields.ts';
import { placeOf, type YamlNode } from '../config/yaml-document.ts';
import { goQuote } from '../lib/go-quote.ts';
import { type HttpAuth, type HttpClientConfig, PLAIN_HTTP } from '../model/http.ts';
import { durationMs } from '../model/time.ts';
import type {
  ConsulDiscovery,
  DiscoveryConfig,
  DnsDiscovery,
  DockerDiscovery,
  DockerFilter,
  DockerSwarmDiscovery,
  FileDiscovery,
  HttpDiscovery,
  KubernetesDiscovery,
  KubernetesRole,
} from './discovery-config.ts';
import { checkFieldSelector, checkLabelSelector } from './kubernetes-selector.ts';
import type { TargetGroup } from './scrape-config.ts';
import { UNBUILT_DISCOVERIES } from './unbuilt-discovery.ts';

export type Discoveries = { readonly staticConfigs: readonly TargetGroup[]; readonly discoveries: readonly DiscoveryConfig[] };

/** `refusesUrls`: an address with a slash is a mistake where no relabelling could turn it into a host. */
export function discoveryFields(fields: Fields, { refusesUrls }: { readonly refusesUrls: boolean }): Discoveries {
  const staticConfigs = fields
    .get('static_configs', list(targetGroup(refusesUrls), emptySection('static_configs')))
    .map((group, index) => ({ ...group, source: String(index) }));
  const read = <T extends DiscoveryConfig>(name: string, decoder: Decoder<T>): readonly T[] =>
    fields.get(name, list(decoder, emptySection(name)));
  const discoveries = [
    ...read('file_sd_configs', fileDiscovery),
    ...read('http_sd_configs', httpDiscovery),
    ...read('dns_sd_configs', dnsDiscovery),
    ...read('kubernetes_sd_configs', kubernetesDiscovery),
    ...read('consul_sd_configs', consulDiscovery),
    ...read('docker_sd_configs', dockerDiscovery),
    ...read('dockerswarm_sd_configs', dockerSwarmDiscovery),
  ];
  for (const [name, decoder] of Object.entries(UNBUILT_DISCOVERIES)) {
    fields.unsupported(
      name,
      list(decoder, emptySection(name)),
      'this discovery is not built; file_sd_configs and http_sd_configs take its place',
    );
  }
  return { staticConfigs, discoveries };
}

const emptySection = (name: string): string => `empty or null section in ${name}`;
const MINUTE = durationMs(60_000);

/** A target group as static_configs write it; also the elements of a file discovery's files. */
export function targetGroup(refusesUrls: boolean): Decoder<TargetGroup> {
  return object('struct { Targets []string "yaml:\\"targets\\""; Labels model.LabelSet "yaml:\\"labels\\"" }', (fields) => ({
    source: '',
    targets: fields.get('targets', list(refusesUrls ? hostAndPort : string)).map((address) => ({ __address__: address })),
    labels: fields.get('labels', record(string, labelName('utf8'))),
  }));
}

const hostAndPort: Decoder<string> = refine(
  string,
  () => '',
  (address, fail) =>
    address.includes('/')
      ? fail({
          code: 'bad_value',
          message: `${goQuote(address)} is not a valid hostname`,
          hint: 'write host:port here; the scheme and the path go into "scheme" and "metrics_path"',
        })
      : address,
);

const fileDiscovery = object('file.plain', (fields): FileDiscovery => {
  const pattern = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;
  return {
    kind: 'file',
    files: fields.required(
      'files',
      list(
        pathLike(pattern, (text) => ({
          code: 'bad_value',
          message: `path name ${goQuote(text)} is not valid for file discovery`,
          hint: 'it ends in .json, .yml or .yaml; only its last element may hold a *',
        })),
      ),
      'file service discovery config must contain at least one path name',
    ),
    refreshIntervalMs: fields.get('refresh_interval', duration, durationMs(300_000)),
  };
});

const httpDiscovery = object(
  'http.plain',
  (fields): HttpDiscovery => ({
    kind: 'http',
    url: fields.required('url', httpUrl, 'URL is missing'),
    refreshIntervalMs: fields.get('refresh_interval', duration, MINUTE),
    http: httpClientFields(fields),
  }),
);

const DNS_TYPES = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const;
const dnsType: Decoder<DnsDiscovery['type']> = scalar({
  goType: 'string',
  expects: 'a DNS record type',
  zero: 'SRV',
  emptyIsAbsent: true,
  parse: (text, fail) =>
    DNS_TYPES.find((type) => type === text.toUpperCase()) ??
    fail({
      code: 'bad_value',
      message: `"${text}" is not one of ${DNS_TYPES.join(', ')}`,
      upstream: `invalid DNS-SD records type ${text}`,
    }),
});

const dnsDiscovery = object('dns.plain', (fields): DnsDiscovery => {
  const config = {
    kind: 'dns',
    names: fields.required('names', list(string), 'DNS-SD config must contain at least one SRV record name'),
    type: fields.get('type', dnsType, 'SRV'),
    port: fields.get('port', int),
    refreshIntervalMs: fields.get('refresh_interval', duration, durationMs(30_000)),
  } as const;
  if (config.type !== 'SRV' && config.port === 0) {
    fields.problem('port', { code: 'missing_field', message: 'a port is required in DNS-SD configs for all record types except SRV' });
  }
  return config;
});

const KUBERNETES_ROLES = ['pod', 'service', 'endpoints', 'endpointslice', 'node', 'ingress'] as const;
const SELECTORS_OF: Readonly<Record<KubernetesRole, readonly KubernetesRole[]>> = {
  pod: ['pod', 'node'],
  service: ['service'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  endpoints: ['pod', 'service', 'endpoints'],
  node: ['node'],
  ingress: ['ingress'],
};
const kubernetesRole = enumeration(KUBERNETES_ROLES, {
  goType: 'kubernetes.Role',
  upstream: (text) => `unknown Kubernetes SD role ${goQuote(text)}`,
});

const kubernetesDiscovery = object('kubernetes.plain', (fields): KubernetesDiscovery => {
  const role = fields.required('role', kubernetesRole, `role missing (one of: ${KUBERNETES_ROLES.join(', ')})`);
  const apiServer = fields.optional('api_server', url({ goType: 'config.URL' }));
  const kubeconfigFile = fields.get('kubeconfig_file', path);
  const namespaces = fields.get('namespaces', kubernetesNamespaces);
  const selectors = fields.get('selectors', list(kubernetesSelector));
  const http = httpClientFields(fields);
  const config: KubernetesDiscovery = {
    kind: 'kubernetes',
    role,
    apiServer,
    kubeconfigFile: kubeconfigFile === '' ? null : kubeconfigFile,
    namespaces,
    selectors: selectors.map(({ role, label, field }) => ({ role, label, field })),
    attachMetadata: fields.get('attach_metadata', kubernetesMetadata),
    http,
  };
  checkKubernetesAccess(fields, config);
  if (fields.isSound('role')) checkKubernetesSelectors(role, selectors, fields.sink);
  return config;
});

const kubernetesNamespaces = object('kubernetes.plain', (fields) => ({
  own: fields.get('own_namespace', bool),
  names: fields.get('names', list(string)),
}));

const kubernetesMetadata = object('kubernetes.AttachMetadataConfig', (fields) => ({
  node: fields.get('node', bool),
  namespace: fields.get('namespace', bool),
  deployment: fields.get('deployment', bool),
  job: fields.get('job', bool),
  cronjob: fields.get('cronjob', bool),
}));

const kubernetesSelector = object('kubernetes.SelectorConfig', (fields) => {
  const selector = {
    role: fields.get('role', kubernetesRole),
    label: fields.get('label', string),
    field: fields.get('field', string),
    isKnown: fields.isSound('role'),
    at: fields.place('role'),
  };
  const fieldError = checkFieldSelector(selector.field);
  if (fieldError !== null)
    fields.problem('field', { code: 'bad_value', message: fieldError, hint: 'write name=value or name!=value, separated by commas' });
  const labelError = checkLabelSelector(selector.label);
  if (labelError !== null)
    fields.problem('label', {
      code: 'bad_value',
      message: labelError,
      hint: 'write key=value, key!=value, key in (a,b), key or !key, separated by commas',
    });
  return selector;
});

function checkKubernetesAccess(fields: Fields, { apiServer, kubeconfigFile, namespaces, http }: KubernetesDiscovery): void {
  const hasHttp = JSON.stringify(http) !== JSON.stringify(PLAIN_HTTP);
  const httpField = HTTP_CLIENT_FIELDS.find((name) => fields.has(name)) ?? 'tls_config';
  if (kubeconfigFile !== null && apiServer !== null) {
    fields.exclude(['kubeconfig_file', 'api_server'], "cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  }
  if (kubeconfigFile !== null && hasHttp) {
    fields.exclude(['kubeconfig_file', httpField], "cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  } else if (apiServer === null && hasHttp) {
    const message = "to use custom HTTP client configuration please provide the 'api_server' URL explicitly";
    fields.problem(httpField, { code: 'missing_field', message });
  }
  if (namespaces.own) {
    for (const name of ['api_server', 'kubeconfig_file'].filter((each) => fields.isSet(each))) {
      fields.exclude([name, 'namespaces'], `cannot use '${name}' and 'namespaces.own_namespace' simultaneously`);
    }
  }
}

function checkKubernetesSelectors(
  role: KubernetesRole,
  selectors: readonly DecodedBy<typeof kubernetesSelector>[],
  sink: DiagnosticSink,
): void {
  const seen = new Map<KubernetesRole, YamlNode>();
  for (const { role: selected, at, isKnown } of selectors) {
    if (!isKnown) continue;
    const earlier = seen.get(selected);
    if (earlier !== undefined) {
      sink.at(at, { code: 'duplicate', message: `duplicated selector role: ${selected}`, also: placeOf(earlier, 'the first one') });
    }
    seen.set(selected, at);
    const allowed = SELECTORS_OF[role];
    if (!allowed.includes(selected)) {
      sink.at(at, { code: 'conflict', message: `${role} role supports only ${allowed.join(', ')} selectors` });
    }
  }
}

const consulDiscovery = object('consul.plain', (fields): ConsulDiscovery => {
  const username = fields.get('username', string);
  const password = secretSource(fields, 'password');
  const token = secretSource(fields, 'token');
  const http = httpClientFields(fields);
  const config: ConsulDiscovery = {
    kind: 'consul',
    server: fields.get('server', string, 'localhost:8500'),
    scheme: fields.get('scheme', string, 'http'),
    pathPrefix: fields.get('path_prefix', string),
    token,
    datacenter: fields.get('datacenter', string),
    namespace: fields.get('namespace', string),
    partition: fields.get('partition', string),
    tagSeparator: fields.get('tag_separator', string, ','),
    allowStale: fields.get('allow_stale', bool, true),
    services: fields.get('services', list(string)),
    tags: fields.get('tags', list(string)),
    nodeMeta: fields.get('node_meta', record(string)),
    filter: fields.get('filter', string),
    healthFilter: fields.get('health_filter', string),
    refreshIntervalMs: fields.get('refresh_interval', duration, durationMs(30_000)),
    http: username === '' && password === null ? http : { ...http, auth: basic(username, password) },
  };
  if (config.server.trim() === '') {
    fields.problem('server', { code: 'missing_field', message: 'consul SD configuration requires a server address' });
  }
  if ((username !== '' || password !== null) && fields.has('basic_auth')) {
    const upstream = 'at most one of consul SD configuration username and password and basic auth can be configured';
    fields.exclude(['basic_auth', username === '' ? 'password' : 'username'], upstream);
  }
  if (config.token !== null) {
    const upstream = 'at most one of consul SD token, authorization, or oauth2 can be configured';
    const written = ['token', 'token_file', 'token_env', 'authorization', 'oauth2'].filter((name) => fields.has(name));
    fields.exclude(written, upstream);
  }
  return config;
});

const basic = (username: string, password: ReturnType<typeof secretSource>): HttpAuth => ({
  kind: 'basic',
  username,
  usernameFile: null,
  password,
});

const dockerFilter = object(
  'moby.Filter',
  (fields): DockerFilter => ({ name: fields.get('name', string), values: fields.get('values', list(string)) }),
);

type DockerFields = {
  readonly host: string;
  readonly port: number;
  readonly filters: readonly DockerFilter[];
  readonly refreshIntervalMs: ReturnType<typeof durationMs>;
  readonly http: HttpClientConfig;
};

const dockerFields = (fields: Fields): DockerFields => ({
  host: fields.required('host', url(), 'host missing'),
  port: fields.get('port', int, 80),
  filters: fields.get('filters', list(dockerFilter)),
  refreshIntervalMs: fields.get('refresh_interval', duration, MINUTE),
  http: httpClientFields(fields),
});

const dockerDiscovery = object(
  'moby.plain',
  (fields): DockerDiscovery => ({
    kind: 'docker',
    ...dockerFields(fields),
    hostNetworkingHost: fields.get('host_networking_host', string, 'localhost'),
    matchFirstNetwork: fields.get('match_first_network', bool, true),
  }),
);

const swarmRole = enumeration(['tasks', 'services', 'nodes'], {
  upstream: (text) => `invalid role ${text}, expected tasks, services, or nodes`,
});

const dockerSwarmDiscovery = object(
  'moby.plain',
  (fields): DockerSwarmDiscovery => ({
    kind: 'dockerswarm',
    ...dockerFields(fields),
    role: fields.required('role', swarmRole, 'role missing (one of: tasks, services, nodes)'),
  }),
);
