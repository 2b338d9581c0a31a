import { type Dashboard, DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask } from './ask';
import { epicurve } from './epicurve';
import { width } from './clusterstable';
import { menu } from './menu';
import { datasource } from './variables';
import { wordTable } from './wordtable';

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
    .withPanel(quality().gridPos({ x: 0, y: 27, w: 24, h: 10 }))
    .build();
}

/** What the data itself says about its gaps. */
function quality() {
  return wordTable('What the data can not show', { type: 'exposure' }, 'quality')
    .description(
      'Repeats, late rows, crashes without a core, hosts at their limit, and times when next to nothing was seen.'
    )
    .overrideByName('What', [width(120)])
    .overrideByName('Where', [width(220)])
    .overrideByRegexp('^(From|To)$', [width(170)])
    .overrideByName('Seen', [width(80), { id: 'decimals', value: 0 }])
    .overrideByName('How much', [width(100), { id: 'decimals', value: 0 }]);
}

function exposure(title: string, question: Question) {
  return new PanelBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask({ ...question, type: 'exposure' }))
    .lineWidth(1)
    .fillOpacity(40)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(Boolean(question.groupBy))
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .min(0)
    .axisLabel('host-days')
    .noValue('No exposure in this time range: exporters report it when they ship to the archive.');
}
