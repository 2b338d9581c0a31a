import { GraphDrawStyle, StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import { menu } from './menu';

const PROMETHEUS = { type: 'prometheus', uid: '${prometheus}' };
const HOSTS = 'instance=~"$instance"';

/** The exporters by their Prometheus metrics alone, for those who run no archive. */
export function exporter(): Dashboard {
  return new DashboardBuilder('Exporter')
    .uid('epicurve-exporter')
    .description('Crashes and the health of the exporters, from Prometheus or VictoriaMetrics alone.')
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu())
    .withVariable(new DatasourceVariableBuilder('prometheus').label('Prometheus').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('instance')
        .label('Exporter')
        .datasource(PROMETHEUS)
        .query('label_values(epicurve_exporter_directories, instance)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .current({ selected: true, text: ['All'], value: ['$__all'] })
    )
    .withPanel(
      bars('Crashes by class', [
        [`sum by (class) (increase(coredump_crashes_total{${HOSTS}}[$__interval]))`, '{{class}}'],
      ]).gridPos(at(0, 0, 12))
    )
    .withPanel(
      bars('Crashes by kind', [
        [`sum by (kind) (increase(coredump_crashes_total{${HOSTS}}[$__interval])) > 0`, '{{kind}}'],
      ]).gridPos(at(12, 0, 12))
    )
    .withPanel(
      bars('Crashes by exporter', [
        [`topk(10, sum by (instance) (increase(coredump_crashes_total{${HOSTS}}[$__interval])) > 0)`, '{{instance}}'],
      ]).gridPos(at(0, 1, 12))
    )
    .withPanel(
      bars('False positives left out', [
        [`sum by (kind) (increase(coredump_crashes_suppressed_total{${HOSTS}}[$__interval])) > 0`, '{{kind}}'],
      ]).gridPos(at(12, 1, 12))
    )
    .withPanel(
      bars('Core files', [
        [`sum(increase(epicurve_exporter_cores_found_total{${HOSTS}}[$__interval]))`, 'found'],
        [`sum(increase(epicurve_exporter_duplicates_total{${HOSTS}}[$__interval]))`, 'duplicates'],
        [
          `sum by (reason) (increase(epicurve_exporter_read_errors_total{${HOSTS}}[$__interval])) > 0`,
          'not usable: {{reason}}',
        ],
      ]).gridPos(at(0, 2, 8))
    )
    .withPanel(
      lines('Time to label a core', 's', [
        [
          `histogram_quantile(0.5, sum by (le) (rate(epicurve_exporter_label_delay_seconds_bucket{${HOSTS}}[$__rate_interval])))`,
          'half within',
        ],
        [
          `histogram_quantile(0.99, sum by (le) (rate(epicurve_exporter_label_delay_seconds_bucket{${HOSTS}}[$__rate_interval])))`,
          '99 % within',
        ],
      ]).gridPos(at(8, 2, 8))
    )
    .withPanel(
      lines('Bytes read of core files', 'Bps', [
        [`sum(rate(epicurve_exporter_read_bytes_total{${HOSTS}}[$__rate_interval]))`, 'read'],
      ]).gridPos(at(16, 2, 8))
    )
    .withPanel(
      lines('Waiting for the archive', 'short', [
        [`sum by (instance) (epicurve_exporter_spool_pending_records{${HOSTS}}) > 0`, '{{instance}}'],
      ]).gridPos(at(0, 3, 8))
    )
    .withPanel(
      lines('Age of the oldest waiting record', 's', [
        [`max by (instance) (epicurve_exporter_spool_oldest_age_seconds{${HOSTS}}) > 0`, '{{instance}}'],
      ]).gridPos(at(8, 3, 8))
    )
    .withPanel(
      bars('Trouble', [
        [`sum(increase(epicurve_exporter_watch_overflows_total{${HOSTS}}[$__interval]))`, 'overflows of inotify'],
        [
          `sum(increase(epicurve_exporter_spool_write_errors_total{${HOSTS}}[$__interval]))`,
          'spool can not be written',
        ],
        [`sum(increase(epicurve_exporter_spool_dropped_records_total{${HOSTS}}[$__interval]))`, 'records given up'],
        [
          `sum(increase(epicurve_exporter_ship_refused_records_total{${HOSTS}}[$__interval]))`,
          'refused by the archive',
        ],
        [
          `sum by (result) (increase(epicurve_exporter_ship_requests_total{${HOSTS},result!="ok"}[$__interval])) > 0`,
          'shipping: {{result}}',
        ],
      ]).gridPos(at(16, 3, 8))
    )
    .build();
}

type Expression = [expr: string, legend: string];

function at(x: number, row: number, w: number) {
  return { x, y: row * 8, w, h: 8 };
}

function lines(title: string, unit: string, expressions: Expression[]) {
  const panel = new PanelBuilder()
    .title(title)
    .datasource(PROMETHEUS)
    .unit(unit)
    .min(0)
    .lineWidth(1)
    .fillOpacity(10)
    .noValue('Nothing');
  expressions.forEach(([expr, legend], i) =>
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode(65 + i))
        .datasource(PROMETHEUS)
        .expr(expr)
        .legendFormat(legend)
        .range()
    )
  );
  return panel;
}

function bars(title: string, expressions: Expression[]) {
  return lines(title, 'short', expressions)
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(85)
    .interval('1m')
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}
