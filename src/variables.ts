import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, type Observable } from 'rxjs';

import { LazyVariableEditor } from './components/lazy';
import { type DataSource } from './datasource';
import { type VariableQuery } from './types';

/** The pseudo dimension that lists clusters. */
export const CLUSTER = 'cluster';

/** Query variables: the values of a dimension, or the keys of clusters. */
export class CrashVariables extends CustomVariableSupport<DataSource, VariableQuery> {
  editor = LazyVariableEditor;

  constructor(private readonly datasource: DataSource) {
    super();
  }

  query(request: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    return from(this.find(request.targets[0], request.range, request.scopedVars).then((data) => ({ data })));
  }

  private async find(q: VariableQuery, range: TimeRange, scoped: ScopedVars): Promise<MetricFindValue[]> {
    const dimension = getTemplateSrv().replace(q.dimension ?? '', scoped);
    const search = getTemplateSrv().replace(q.search ?? '', scoped);
    if (dimension === '') {
      return [];
    }
    if (dimension === CLUSTER) {
      const clusters = await this.datasource.clusters(range, q.limit);
      return clusters.filter((c) => c.key.includes(search)).map((c) => ({ text: c.key, value: c.key }));
    }
    const values = await this.datasource.dimensionValues(dimension, range, search, q.limit);
    return values.map((v) => ({ text: v.value === '' ? '(not known)' : v.value, value: v.value }));
  }
}
