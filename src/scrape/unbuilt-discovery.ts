/**
 * The discoveries that Prometheus has and we have not: their sections are read and checked by the rules of
 * prometheus/discovery, so that a prometheus.yml which uses them loads, with a warning that they find no targets.
 * A discovery that gets built moves to discovery-reader.ts.
 */
import { type Decoder, type Fields, list, object } from '../config/decode.ts';
import { httpClientFields, tlsConfig } from '../config/http-config.ts';
import { bool, duration, enumeration, httpUrl, int, path, string, url } from '../config/scalars.ts';
import { secret } from '../config/secret-fields.ts';
import { goQuote } from '../lib/go-quote.ts';

type Shape = {
  /** Names of fields by type, separated by spaces; refresh_interval and port are everywhere. */
  readonly texts?: string;
  readonly secrets?: string;
  readonly files?: string;
  readonly lists?: string;
  readonly ints?: string;
  readonly bools?: string;
  readonly durations?: string;
  /** 'client': Prometheus' HTTP client fields inline; 'tls': tls_config alone. */
  readonly http?: 'client' | 'tls' | 'none';
  /** What the reference says where a field is missing. */
  readonly required?: Readonly<Record<string, string>>;
  readonly check?: (fields: Fields) => void;
};

/** goType is Go's package name: its readers' types are all called plain. */
function section(goPackage: string, shape: Shape): Decoder<null> {
  return object(`${goPackage}.plain`, (fields) => {
    const read = (names: string | undefined, decoder: Decoder<unknown>): void => {
      for (const name of (names ?? '').split(' ').filter(Boolean)) fields.get(name, decoder);
    };
    if (shape.http === undefined || shape.http === 'client') httpClientFields(fields);
    if (shape.http === 'tls') fields.get('tls_config', tlsConfig);
    read(shape.texts, string);
    read(shape.secrets, secret);
    read(shape.files, path);
    read(shape.lists, list(string));
    read(shape.ints, int);
    read(shape.bools, bool);
    read(shape.durations ?? 'refresh_interval', duration);
    shape.check?.(fields);
    for (const [name, message] of Object.entries(shape.required ?? {})) {
      if (!fields.isSet(name)) fields.problem(name, { code: 'missing_field', message });
    }
    return null;
  });
}

/** One of a few words; `missing` where the reference has no default. */
function role(fields: Fields, values: readonly [string, ...string[]], upstream: (text: string) => string, missing?: string): void {
  const decoder = enumeration(values, { upstream });
  if (missing === undefined) fields.get('role', decoder);
  else fields.required('role', decoder, missing);
}

function refuse(fields: Fields, name: string, message: string): void {
  fields.problem(name, { code: 'bad_value', message });
}

const AWS_TEXTS = 'endpoint region access_key profile role_arn external_id';
const awsFilter = (what: string): Decoder<null> =>
  object('aws.Filter', (fields) => {
    fields.get('name', string);
    fields.get('values', list(string));
    if (!fields.isSet('values')) refuse(fields, 'values', `${what} SD configuration filter values cannot be empty`);
    return null;
  });
const awsService = section('aws', { texts: AWS_TEXTS, secrets: 'secret_key', lists: 'clusters', ints: 'port request_concurrency' });

const unknownAwsRole = (text: string): string => `unknown AWS SD role ${goQuote(text)}`;

const aws = section('aws', {
  texts: AWS_TEXTS,
  secrets: 'secret_key',
  lists: 'clusters',
  ints: 'port',
  check: (fields) => {
    fields.get('filters', list(awsFilter('AWS')));
    role(fields, ['ec2', 'ecs', 'elasticache', 'lightsail', 'msk', 'rds'], unknownAwsRole, unknownAwsRole(''));
  },
});

const ec2 = section('aws', {
  texts: AWS_TEXTS,
  secrets: 'secret_key',
  ints: 'port',
  check: (fields) => {
    fields.get('filters', list(awsFilter('EC2')));
  },
});

const rds = section('aws', {
  texts: AWS_TEXTS,
  secrets: 'secret_key',
  lists: 'clusters',
  ints: 'port request_concurrency',
  check: (fields) => {
    fields.get('filters', list(awsFilter('RDS')));
  },
});

const azureMethod = enumeration(['OAuth', 'ManagedIdentity', 'SDK', 'WorkloadIdentity'], {
  upstream: (text) =>
    `unknown authentication_type ${goQuote(text)}. Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"`,
});

const azure = section('azure', {
  texts: 'environment subscription_id tenant_id client_id resource_group',
  secrets: 'client_secret',
  ints: 'port',
  required: { subscription_id: 'azure SD configuration requires a subscription_id' },
  check: (fields) => {
    if (fields.get('authentication_method', azureMethod, 'OAuth') !== 'OAuth' || !fields.isSound('authentication_method')) return;
    for (const name of ['tenant_id', 'client_id', 'client_secret']) {
      if (!fields.isSet(name)) fields.problem(name, { code: 'missing_field', message: `azure SD configuration requires a ${name}` });
    }
  },
});

const digitalocean = section('digitalocean', {
  ints: 'port',
  check: (fields) => role(fields, ['droplets', 'databases'], (text) => `unknown DigitalOcean SD role ${goQuote(text)}`),
});

const eurekaServer = url({ check: ({ scheme, host }) => (scheme === '' || host === '' ? 'eureka_sd: invalid eureka server URL' : null) });

const eureka = section('eureka', {
  required: { server: 'eureka_sd: empty or null eureka server' },
  check: (fields) => {
    if (fields.isSet('server')) fields.get('server', eurekaServer);
    else fields.get('server', string);
  },
});

const gce = section('gce', {
  texts: 'project zone filter tag_separator',
  ints: 'port',
  http: 'none',
  required: { project: 'GCE SD configuration requires a project', zone: 'GCE SD configuration requires a zone' },
});

const hetzner = section('hetzner', {
  texts: 'label_selector',
  ints: 'port',
  check: (fields) => role(fields, ['robot', 'hcloud'], (text) => `unknown role ${goQuote(text)}`, 'role missing (one of: robot, hcloud)'),
});

const ionos = section('ionos', { texts: 'datacenter_id', ints: 'port', required: { datacenter_id: "datacenter id can't be empty" } });

const kuma = section('xds', {
  texts: 'client_id',
  durations: 'refresh_interval fetch_timeout',
  check: (fields) => {
    const message = 'kuma SD server must not be empty';
    fields.required(
      'server',
      url({ check: (at, text) => (at.scheme === '' || at.host === '' ? `${message} and have a scheme: ${text}` : null) }),
      `${message}: `,
    );
  },
});

const linode = section('linode', { texts: 'tag_separator region', ints: 'port' });

const marathon = section('marathon', {
  secrets: 'auth_token',
  files: 'auth_token_file',
  lists: 'servers',
  required: { servers: 'marathon_sd: must contain at least one Marathon server' },
  check: (fields) => {
    const [token] = ['auth_token', 'auth_token_file'].filter((name) => fields.isSet(name));
    fields.atMostOne(['auth_token', 'auth_token_file'], 'marathon_sd: at most one of auth_token & auth_token_file must be configured');
    if (token === undefined) return;
    const others: readonly (readonly [string, string])[] = [
      ['basic_auth', 'basic_auth, auth_token & auth_token_file'],
      ['bearer_token', 'bearer_token, bearer_token_file, auth_token & auth_token_file'],
      ['bearer_token_file', 'bearer_token, bearer_token_file, auth_token & auth_token_file'],
      ['authorization', 'auth_token, auth_token_file & authorization'],
    ];
    for (const [name, all] of others) {
      if (fields.has(name)) fields.exclude([name, token], `marathon_sd: at most one of ${all} must be configured`);
    }
  },
});

const nomad = section('nomad', {
  texts: 'namespace region tag_separator',
  bools: 'allow_stale',
  check: (fields) => {
    if (fields.get('server', string, 'http://localhost:4646').trim() === '')
      refuse(fields, 'server', 'nomad SD configuration requires a server address');
  },
});

const oci = section('oci', {
  texts: 'tenancy user fingerprint region',
  secrets: 'key_passphrase',
  files: 'key_file key_passphrase_file',
  lists: 'compartments',
  ints: 'port',
  durations: '',
  required: { region: 'oci_sd: region is required' },
  check: (fields) => {
    const auth = fields.get('auth', ociAuth, 'api_key');
    const keys = ['tenancy', 'user', 'fingerprint', 'key_file'];
    if (auth === 'api_key' && fields.isSound('auth')) {
      for (const name of keys) {
        if (!fields.isSet(name)) fields.problem(name, { code: 'missing_field', message: `oci_sd: api_key auth requires ${name}` });
      }
      const upstream = 'oci_sd: at most one of key_passphrase and key_passphrase_file must be configured';
      fields.atMostOne(['key_passphrase', 'key_passphrase_file'], upstream);
    }
    const forbidden = [...keys, 'key_passphrase', 'key_passphrase_file'].find((name) => fields.isSet(name));
    if (auth === 'instance_principal' && forbidden !== undefined) {
      refuse(
        fields,
        forbidden,
        'oci_sd: instance_principal auth must not have tenancy, user, fingerprint, key_file, key_passphrase, or key_passphrase_file set',
      );
    }
    if (fields.get('refresh_interval', duration, 60_000) <= 0) {
      refuse(fields, 'refresh_interval', 'oci_sd: refresh_interval must be positive, got 0s');
    }
    const compartments = fields.node('compartments');
    if (compartments?.kind !== 'list') return;
    compartments.items.forEach((item, index) => {
      const isEmpty = item.kind === 'scalar' && item.text === '';
      if (isEmpty) fields.sink.at(item, { code: 'bad_value', message: `oci_sd: compartments[${index}] must not be empty` });
    });
  },
});
const ociAuth = enumeration(['api_key', 'instance_principal'], {
  upstream: (text) => `oci_sd: unknown auth method ${goQuote(text)}, expected "api_key" or "instance_principal"`,
});

const unknownOpenstackRole = (text: string): string => `unknown OpenStack SD role ${goQuote(text)}`;

const openstack = section('openstack', {
  texts:
    'identity_endpoint username userid project_name project_id domain_name domain_id application_credential_name application_credential_id region',
  secrets: 'password application_credential_secret',
  ints: 'port',
  bools: 'all_tenants',
  http: 'tls',
  required: { region: 'openstack SD configuration requires a region' },
  check: (fields) => {
    fields.get('availability', openstackAvailability);
    role(
      fields,
      ['instance', 'hypervisor', 'loadbalancer'],
      unknownOpenstackRole,
      'role missing (one of: instance, hypervisor, loadbalancer)',
    );
  },
});
const openstackAvailability = enumeration(['public', 'internal', 'admin'], {
  upstream: (text) => `unknown availability ${text}, must be one of admin, internal or public`,
});

/** secret_key or secret_key_file, and one of them at least. */
function secretKey(fields: Fields): void {
  fields.get('secret_key', secret);
  fields.get('secret_key_file', path);
  fields.atMostOne(['secret_key', 'secret_key_file'], 'at most one of secret_key & secret_key_file must be configured');
  if (!fields.isSet('secret_key') && !fields.isSet('secret_key_file')) {
    fields.problem('secret_key', { code: 'missing_field', message: 'one of secret_key & secret_key_file must be configured' });
  }
}

const outscale = section('outscale', {
  texts: 'endpoint access_key',
  ints: 'port',
  required: { access_key: 'outscale SD configuration requires access_key' },
  check: (fields) => {
    if (fields.get('region', string, 'eu-west-2') === '') refuse(fields, 'region', 'outscale SD configuration requires a region');
    secretKey(fields);
  },
});

const ovhcloud = section('ovhcloud', {
  texts: 'application_key',
  secrets: 'application_secret consumer_key',
  http: 'none',
  required: {
    application_key: 'application key can not be empty',
    application_secret: 'application secret can not be empty',
    consumer_key: 'consumer key can not be empty',
  },
  check: (fields) => {
    if (fields.get('endpoint', string, 'ovh-eu') === '') refuse(fields, 'endpoint', 'endpoint can not be empty');
    fields.required('service', ovhService, 'unknown service: ');
  },
});
const ovhService = enumeration(['dedicated_server', 'vps'], { upstream: (text) => `unknown service: ${text}` });

const puppetdb = section('puppetdb', {
  texts: 'query',
  bools: 'include_parameters',
  ints: 'port',
  required: { query: 'query missing' },
  check: (fields) => {
    fields.required('url', httpUrl, 'URL is missing');
  },
});
const scaleway = section('scaleway', {
  texts: 'project_id api_url zone access_key name_filter',
  lists: 'tags_filter',
  ints: 'port',
  required: { project_id: 'project_id is mandatory', access_key: 'access_key is mandatory' },
  check: (fields) => {
    role(fields, ['instance', 'baremetal'], (text) => `unknown role ${goQuote(text)}`, 'role missing (one of: instance, baremetal)');
    secretKey(fields);
  },
});

const stackit = section('stackit', {
  texts: 'project',
  secrets: 'service_account_key private_key',
  files: 'service_account_key_path private_key_path credentials_file_path',
  ints: 'port',
  check: (fields) => {
    fields.get('endpoint', stackitEndpoint);
    if (fields.get('region', string, 'eu01') === '' && !fields.isSet('endpoint')) {
      refuse(fields, 'region', 'stackit_sd: endpoint and region missing');
    }
  },
});
const stackitEndpoint = url({ wrapError: (text, error) => `stackit_sd: invalid endpoint ${goQuote(text)}: ${error}` });

const triton = section('triton', {
  texts: 'account dns_suffix endpoint',
  lists: 'groups',
  ints: 'port version',
  durations: '',
  http: 'tls',
  required: {
    account: 'triton SD configuration requires an account',
    dns_suffix: 'triton SD configuration requires a dns_suffix',
    endpoint: 'triton SD configuration requires an endpoint',
  },
  check: (fields) => {
    role(fields, ['container', 'cn'], () => "triton SD configuration requires role to be 'container' or 'cn'");
    if (fields.get('refresh_interval', duration, 60_000) <= 0) {
      refuse(fields, 'refresh_interval', 'triton SD configuration requires RefreshInterval to be a positive integer');
    }
  },
});

const uyuni = section('uyuni', {
  texts: 'username entitlement separator',
  secrets: 'password',
  required: { username: 'Uyuni SD configuration requires a username', password: 'Uyuni SD configuration requires a password' },
  check: (fields) => {
    fields.required(
      'server',
      url({ wrapError: (_, error) => `Uyuni Server URL is not valid: ${error}` }),
      'Uyuni SD configuration requires server host',
    );
  },
});

const vultr = section('vultr', { ints: 'port' });

function zookeeper(name: string): Decoder<null> {
  return section('zookeeper', {
    lists: 'servers paths',
    durations: 'timeout',
    http: 'none',
    required: {
      servers: `${name} SD config must contain at least one Zookeeper server`,
      paths: `${name} SD config must contain at least one path`,
    },
    check: (fields) => {
      const paths = fields.get('paths', list(string));
      const bad = paths.find((each) => !each.startsWith('/'));
      if (bad !== undefined) refuse(fields, 'paths', `${name} SD config paths must begin with '/': ${bad}`);
    },
  });
}

/** By the name of their field. */
export const UNBUILT_DISCOVERIES: Readonly<Record<string, Decoder<null>>> = {
  aws_sd_configs: aws,
  azure_sd_configs: azure,
  digitalocean_sd_configs: digitalocean,
  ec2_sd_configs: ec2,
  ecs_sd_configs: awsService,
  elasticache_sd_configs: awsService,
  eureka_sd_configs: eureka,
  gce_sd_configs: gce,
  hetzner_sd_configs: hetzner,
  ionos_sd_configs: ionos,
  kuma_sd_configs: kuma,
  lightsail_sd_configs: section('aws', { texts: AWS_TEXTS, secrets: 'secret_key', ints: 'port' }),
  linode_sd_configs: linode,
  marathon_sd_configs: marathon,
  msk_sd_configs: awsService,
  nerve_sd_configs: zookeeper('nerve'),
  nomad_sd_configs: nomad,
  oci_sd_configs: oci,
  openstack_sd_configs: openstack,
  outscale_sd_configs: outscale,
  ovhcloud_sd_configs: ovhcloud,
  puppetdb_sd_configs: puppetdb,
  rds_sd_configs: rds,
  scaleway_sd_configs: scaleway,
  serverset_sd_configs: zookeeper('serverset'),
  stackit_sd_configs: stackit,
  triton_sd_configs: triton,
  uyuni_sd_configs: uyuni,
  vultr_sd_configs: vultr,
};
