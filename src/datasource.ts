import {
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { type Observable } from 'rxjs';

import { type ClusterChoice, type Dimension, type DimensionValue } from './choices';
import { interpolate } from './query/interpolate';
import { DEFAULT_QUESTION } from './query/question';
import { type ArchiveOptions, type CrashQuery } from './types';
import { CrashVariables } from './variables';

/** Hands panels' questions to the plugin's back end, and its choices to the editors. */
export class DataSource extends DataSourceWithBackend<CrashQuery, ArchiveOptions> {
  private known?: Promise<Dimension[]>;

  constructor(settings: DataSourceInstanceSettings<ArchiveOptions>) {
    super(settings);
    this.annotations = { getDefaultQuery: () => ({ refId: 'Anno', mode: 'builder', query: { type: 'annotations' } }) };
    this.variables = new CrashVariables(this);
  }

  getDefaultQuery(): Partial<CrashQuery> {
    return { mode: 'builder', query: DEFAULT_QUESTION };
  }

  filterQuery(query: CrashQuery): boolean {
    return !query.hide && (query.mode !== 'raw' || Boolean(query.raw?.trim()));
  }

  query(request: DataQueryRequest<CrashQuery>): Observable<DataQueryResponse> {
    const timeZone = zoneOf(request.timezone);
    return super.query({ ...request, targets: request.targets.map((target) => ({ ...target, timeZone })) });
  }

  applyTemplateVariables(query: CrashQuery, scopedVars: ScopedVars): CrashQuery {
    return interpolate(query, getTemplateSrv(), scopedVars);
  }

  /** What crashes can be filtered and grouped by; asked for once. */
  dimensions(): Promise<Dimension[]> {
    this.known ??= this.getResource<{ dimensions: Dimension[] }>('dimensions', undefined, quiet).then(
      (r) => r.dimensions,
      (err) => {
        this.known = undefined; // the next editor asks again
        throw err;
      }
    );
    return this.known;
  }

  /** The most frequent values of a dimension within the range. */
  async dimensionValues(name: string, range: TimeRange, search = '', limit = 100): Promise<DimensionValue[]> {
    const path = `dimensions/${encodeURIComponent(name)}/values`;
    const r = await this.getResource<{ values: DimensionValue[] }>(path, { ...ends(range), search, limit }, quiet);
    return r.values ?? [];
  }

  /** The largest clusters within the range. */
  async clusters(range: TimeRange, limit = 100): Promise<ClusterChoice[]> {
    const r = await this.getResource<{ clusters: ClusterChoice[] }>('clusters', { ...ends(range), limit }, quiet);
    return r.clusters ?? [];
  }
}

/** The caller shows the error in its place. */
const quiet = { showErrorAlert: false };

function ends(range: TimeRange) {
  return { from: range.from.valueOf(), to: range.to.valueOf() };
}

function zoneOf(timezone: string | undefined): string {
  if (timezone === 'utc' || timezone === 'UTC') {
    return 'UTC';
  }
  if (!timezone || timezone === 'browser') {
    return Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  return timezone;
}
