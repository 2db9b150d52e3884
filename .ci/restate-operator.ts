import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';

/** What is used of the Restate operator's custom resources, as its definitions of them have it. */
export interface IRestateCluster {
  apiVersion: 'restate.dev/v1';
  kind: 'RestateCluster';
  metadata: { name: string };
  spec: {
    cluster?: { autoProvision?: boolean };
    compute: { image: string; replicas?: number; resources?: IResourceRequirements };
    /** TOML. */
    config?: string;
    security?: {
      networkPeers?: { ingress?: INetworkPolicyPeer[]; admin?: INetworkPolicyPeer[] };
      requestSigningPrivateKey?: { version: 'v1'; secret: { secretName: string; key: string } };
    };
    storage: { storageRequestBytes: number };
  };
}

export interface IRestateDeployment {
  apiVersion: 'restate.dev/v1beta1';
  kind: 'RestateDeployment';
  metadata: { name: string; namespace: string };
  spec: {
    replicas?: number;
    restate: { register: { cluster: string } };
    selector: { matchLabels: Record<string, string> };
    template: IPodTemplateSpec;
  };
}
