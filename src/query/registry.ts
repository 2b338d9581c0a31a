import { clusters } from './clusters';
import { type QueryKind } from './kind';
import { type QueryType } from './question';
import { records } from './records';
import { timeseries } from './timeseries';

/** Every query type, in the order in which the editor lists them. */
export const QUERY_KINDS: QueryKind[] = [timeseries, clusters, records];

export function kindOf(type: QueryType | undefined): QueryKind {
  return QUERY_KINDS.find((k) => k.type === type) ?? timeseries;
}
