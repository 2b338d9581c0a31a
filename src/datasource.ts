import {
  type AdHocVariableFilter,
  AppEvents,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  getDefaultTimeRange,
  type MetricFindValue,
  type QueryFilterOptions,
  type QueryFixAction,
  type ScopedVars,
  type TimeRange,
  type ToggleFilterAction,
} from '@grafana/data';
import { config, DataSourceWithBackend, getAppEvents, getGrafanaLiveSrv, getTemplateSrv } from '@grafana/runtime';
import { map, merge, type Observable, Subject, switchMap } from 'rxjs';

import { type ClusterChoice, type Dimension, type DimensionValue } from './choices';
import { type LedgerEvent } from './ledger/event';
import { withLedgerLinks } from './ledger/links';
import { openLedger } from './ledger/open';
import { withStreaming } from './live';
import { withAdhoc } from './query/adhoc';
import { hasFilter, toggled, withClicked } from './query/clicked';
import { interpolate } from './query/interpolate';
import { DEFAULT_QUESTION } from './query/question';
import { type ArchiveOptions, type CrashQuery } from './types';
import { CrashVariables } from './variables';

/** Hands panels' questions to the plugin's back end, and its choices to the editors. */
export class DataSource extends DataSourceWithBackend<CrashQuery, ArchiveOptions> {
  private known?: Promise<Dimension[]>;
  /** Speaks when the ledger changed, so that panels ask again. */
  private readonly written = new Subject<void>();

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
    const ask = () =>
      super
        .query({ ...request, targets: request.targets.map((target) => ({ ...target, timeZone })) })
        .pipe(switchMap((r) => withStreaming(r, request, this.uid, getGrafanaLiveSrv())));
    const shown = request.targets.some((q) => LEDGER_TYPES.has(q.query?.type ?? ''));
    if (!shown || !ON_A_BOARD.has(request.app) || !mayWrite()) {
      return ask();
    }
    const open = (cluster: string, revokes?: string) => void openLedger(cluster, revokes, (e) => this.write(e));
    return merge(ask(), this.written.pipe(switchMap(ask))).pipe(
      map((r) => ({ ...r, data: withLedgerLinks(r.data, open) }))
    );
  }

  /** Adds an event to the ledger in the viewer's name, and has the panels ask again. */
  private async write(event: LedgerEvent): Promise<void> {
    const { message } = await this.postResource<{ message: string }>('ledger', event, {
      showErrorAlert: false,
      showSuccessAlert: false,
    });
    getAppEvents().publish({ type: AppEvents.alertSuccess.name, payload: [message] });
    this.written.next();
  }

  applyTemplateVariables(query: CrashQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): CrashQuery {
    return withAdhoc(interpolate(query, getTemplateSrv(), scopedVars), filters);
  }

  /** A click on a value in Explore. */
  modifyQuery(query: CrashQuery, action: QueryFixAction): CrashQuery {
    return withClicked(query, action);
  }

  getSupportedQueryModifications(): string[] {
    return ['ADD_FILTER', 'ADD_FILTER_OUT'];
  }

  toggleQueryFilter(query: CrashQuery, action: ToggleFilterAction): CrashQuery {
    return toggled(query, action);
  }

  queryHasFilter(query: CrashQuery, filter: QueryFilterOptions): boolean {
    return hasFilter(query, filter);
  }

  /** The dimensions, for the dashboard's ad-hoc filters. */
  async getTagKeys(): Promise<MetricFindValue[]> {
    return (await this.dimensions()).map((d) => ({ text: d.name, value: d.name }));
  }

  async getTagValues({ key, timeRange }: DataSourceGetTagValuesOptions<CrashQuery>): Promise<MetricFindValue[]> {
    const values = await this.dimensionValues(key, timeRange ?? getDefaultTimeRange(), '', 1000);
    return values.map((v) => ({ text: v.value, value: v.value }));
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

/** The query types whose tables lead to the ledger's dialog. */
const LEDGER_TYPES = new Set(['clusters', 'verdict', 'ledger']);

/** Where a panel may ask again by itself; elsewhere an answer must end. */
const ON_A_BOARD = new Set(['dashboard', 'panel-viewer', 'scenes']);

/** The back end checks this again; here it only hides what would be refused. */
function mayWrite(): boolean {
  const user = config.bootData?.user;
  return Boolean(user?.isSignedIn) && user.orgRole !== 'Viewer' && user.orgRole !== '';
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
