/** Where targets come from: the decoded, defaulted form of the *_sd_configs that are supported (reader: discovery-reader.ts). */
import type { HttpClientConfig } from '../model/http.ts';
import type { SecretSource } from '../model/secret.ts';
import type { DurationMs } from '../model/time.ts';

export type FileDiscovery = {
  readonly kind: 'file';
  /** Paths whose last element may hold one `*`. */
  readonly files: readonly string[];
  readonly refreshIntervalMs: DurationMs;
};

export type HttpDiscovery = {
  readonly kind: 'http';
  readonly url: string;
  readonly refreshIntervalMs: DurationMs;
  readonly http: HttpClientConfig;
};

export type DnsDiscovery = {
  readonly kind: 'dns';
  readonly names: readonly string[];
  readonly type: 'SRV' | 'A' | 'AAAA' | 'MX' | 'NS';
  /** For all but SRV. */
  readonly port: number;
  readonly refreshIntervalMs: DurationMs;
};

export type KubernetesRole = 'pod' | 'service' | 'endpoints' | 'endpointslice' | 'node' | 'ingress';

export type KubernetesDiscovery = {
  readonly kind: 'kubernetes';
  readonly role: KubernetesRole;
  /** Where it and kubeconfigFile are null: the cluster that we run in. */
  readonly apiServer: string | null;
  readonly kubeconfigFile: string | null;
  readonly namespaces: { readonly own: boolean; readonly names: readonly string[] };
  readonly selectors: readonly { readonly role: KubernetesRole; readonly label: string; readonly field: string }[];
  readonly attachMetadata: {
    readonly node: boolean;
    readonly namespace: boolean;
    readonly deployment: boolean;
    readonly job: boolean;
    readonly cronjob: boolean;
  };
  readonly http: HttpClientConfig;
};

export type ConsulDiscovery = {
  readonly kind: 'consul';
  readonly server: string;
  readonly scheme: string;
  readonly pathPrefix: string;
  readonly token: SecretSource | null;
  readonly datacenter: string;
  readonly namespace: string;
  readonly partition: string;
  readonly tagSeparator: string;
  readonly allowStale: boolean;
  readonly services: readonly string[];
  readonly tags: readonly string[];
  readonly nodeMeta: Readonly<Record<string, string>>;
  readonly filter: string;
  readonly healthFilter: string;
  readonly refreshIntervalMs: DurationMs;
  readonly http: HttpClientConfig;
};

export type DockerFilter = { readonly name: string; readonly values: readonly string[] };

export type DockerDiscovery = {
  readonly kind: 'docker';
  readonly host: string;
  readonly port: number;
  readonly filters: readonly DockerFilter[];
  readonly hostNetworkingHost: string;
  readonly matchFirstNetwork: boolean;
  readonly refreshIntervalMs: DurationMs;
  readonly http: HttpClientConfig;
};

export type DockerSwarmDiscovery = {
  readonly kind: 'dockerswarm';
  readonly host: string;
  readonly role: 'services' | 'nodes' | 'tasks';
  readonly port: number;
  readonly filters: readonly DockerFilter[];
  readonly refreshIntervalMs: DurationMs;
  readonly http: HttpClientConfig;
};

export type DiscoveryConfig =
  | FileDiscovery
  | HttpDiscovery
  | DnsDiscovery
  | KubernetesDiscovery
  | ConsulDiscovery
  | DockerDiscovery
  | DockerSwarmDiscovery;
