/** The query model of the archive (pkg/query), without the time range, which the dashboard brings. */
export const QUERY_TYPES = [
  'timeseries',
  'clusters',
  'verdict',
  'contrast',
  'split',
  'records',
  'ledger',
  'annotations',
  'exposure',
] as const;
export type QueryType = (typeof QUERY_TYPES)[number];
export type Measure = 'crashes' | 'hosts' | 'rate' | 'share';
export type Operator = '=' | '!=' | '=~' | '!~';
export type Suppressed = 'exclude' | 'include' | 'only';

export interface Filter {
  dimension: string;
  op: Operator;
  values: string[];
}

export interface Question {
  type?: QueryType;
  measure?: Measure;
  groupBy?: string[];
  filters?: Filter[];
  /** A cluster's key, "class/signature". */
  cluster?: string;
  suppressed?: Suppressed;
  topK?: number;
  limit?: number;
  /** Width of a bucket, such as "1h"; "auto" or nothing follows the time range. */
  interval?: string | number;
  timeZone?: string;
}

/** What an annotation can mark. */
export type AnnotationKind = 'onset' | 'fix' | 'relapse' | 'new' | 'gone' | 'blind' | 'deploy';

/** The query types that ask about one cluster. */
export const ABOUT_ONE_CLUSTER: QueryType[] = ['verdict', 'contrast', 'split'];

/** Bounds of pkg/query/request.go. */
export const MAX_GROUP_BY = 4;
export const MAX_FILTERS = 32;
export const MAX_LIMIT = 10_000;
export const DEFAULT_LIMIT = 100;
export const DEFAULT_TOP_K = 20;

/** What a new panel asks: an epidemic curve by class, which shows something at once. */
export const DEFAULT_QUESTION: Question = { type: 'timeseries', measure: 'crashes', groupBy: ['crash.class'] };
