import { type Dashboard, DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask } from './ask';
import { epicurve } from './epicurve';
import { menu } from './menu';
import { datasource } from './variables';

/** How much of the fleet was watched, and which core files could not be read. */
export function coverage(): Dashboard {
  return new DashboardBuilder('Coverage')
    .uid('epicurve-coverage')
    .description('What was watched and what was not. Silence proves nothing where nobody listened.')
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-30d', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu())
    .withVariable(datasource())
    .withPanel(
      exposure('Host-days watched', {})
        .description('A dip is a time when exporters were silent: crashes in it may be missing.')
        .gridPos({ x: 0, y: 0, w: 24, h: 9 })
    )
    .withPanel(exposure('By region', { groupBy: ['cloud.region'], topK: 10 }).gridPos({ x: 0, y: 9, w: 12, h: 9 }))
    .withPanel(
      exposure('By version', { groupBy: ['service.name', 'service.version'], topK: 10 })
        .description('Host-days on which each version of the watched services ran.')
        .gridPos({ x: 12, y: 9, w: 12, h: 9 })
    )
    .withPanel(
      epicurve('Core files that could not be read', {
        groupBy: ['host.name'],
        topK: 10,
        filters: [{ dimension: 'crash.kind', op: '=', values: ['unreadable', 'unknown'] }],
      })
        .noValue('Every core file of this time range could be read.')
        .gridPos({ x: 0, y: 18, w: 12, h: 9 })
    )
    .withPanel(
      epicurve('False positives left out', { groupBy: ['crash.suppressed_by'], topK: 10, suppressed: 'only' })
        .noValue('No filter matched in this time range.')
        .gridPos({ x: 12, y: 18, w: 12, h: 9 })
    )
    .build();
}

function exposure(title: string, question: Question) {
  return new PanelBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask({ ...question, type: 'exposure' }))
    .lineWidth(1)
    .fillOpacity(10)
    .min(0)
    .axisLabel('host-days')
    .noValue('No exposure in this time range: exporters report it when they ship to the archive.');
}
