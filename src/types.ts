import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';

import { type AnnotationKind, type Question } from './query/question';

/** How the answer is shaped for the panel; empty is the query type's own. */
export type Format = 'table' | 'logs' | 'numeric' | 'curve' | 'fixes' | 'series' | 'quality';

/** What the numbers of a clusters query are, one a cluster (pkg/plugin/query_clusters_numeric.go). */
export type ClusterNumber = 'crashes' | 'hosts' | 'new' | 'surge' | 'relapsed' | 'gone' | 'one-host';

/** A panel's query: a question, as a form or as text, and how to show the answer. */
export interface CrashQuery extends DataQuery {
  mode?: 'builder' | 'raw';
  query?: Question;
  /** The question's JSON text, asked in raw mode; may hold variables. */
  raw?: string;
  format?: Format;
  /** Of clusters as numbers; empty is "crashes". */
  number?: ClusterNumber;
  /** Of crashes: new ones follow as they arrive. */
  live?: boolean;
  /** Which annotations; none means all. */
  kinds?: AnnotationKind[];
  /** The viewer's IANA time zone, for buckets of a day or more. */
  timeZone?: string;
}

/** What a query variable asks for. */
export interface VariableQuery extends DataQuery {
  /** A dimension's name, or "cluster" for the keys of clusters. */
  dimension?: string;
  /** Keeps the values that contain this text. */
  search?: string;
  limit?: number;
}

export interface ArchiveOptions extends DataSourceJsonData {
  tlsAuth?: boolean;
  tlsAuthWithCACert?: boolean;
  tlsSkipVerify?: boolean;
  serverName?: string;
  oauthPassThru?: boolean;
  /** True when a bearer token is sent. */
  tokenAuth?: boolean;
  /** Seconds to wait for an answer. */
  timeout?: number;
}

/** Stored encrypted; the browser never reads them back. */
export interface ArchiveSecrets {
  bearerToken?: string;
  basicAuthPassword?: string;
  tlsCACert?: string;
  tlsClientCert?: string;
  tlsClientKey?: string;
}
