import { annotations } from './annotations';
import { clusters } from './clusters';
import { contrast } from './contrast';
import { exposure } from './exposure';
import { type QueryKind } from './kind';
import { ledger } from './ledger';
import { type QueryType } from './question';
import { records } from './records';
import { split } from './split';
import { timeseries } from './timeseries';
import { verdict } from './verdict';

/** Every query type, in the order in which the editor lists them. */
export const QUERY_KINDS: QueryKind[] = [
  timeseries,
  clusters,
  verdict,
  contrast,
  split,
  records,
  ledger,
  annotations,
  exposure,
];

export function kindOf(type: QueryType | undefined): QueryKind {
  return QUERY_KINDS.find((k) => k.type === type) ?? timeseries;
}
