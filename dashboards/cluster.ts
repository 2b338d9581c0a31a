import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common';
import { type Dashboard, DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask } from './ask';
import { emptyCell, hidden, stateMapping, width } from './clusterstable';
import { epicurve } from './epicurve';
import { allEvents } from './events';
import { menu } from './menu';
import { datasource, one } from './variables';
import { wordTable } from './wordtable';

const chosen: Question = { cluster: '$cluster' };

/** Everything about one cluster: when it began, what it shares, whether it is gone. */
export function cluster(): Dashboard {
  return new DashboardBuilder('Cluster')
    .uid('epicurve-cluster')
    .description(
      'One cluster of crashes: its curve, what it shares, whether it is one disease or two, and whether it is gone.'
    )
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-30d', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu())
    .annotations(allEvents(chosen))
    .withVariable(datasource())
    .withVariable(one('cluster', 'Cluster', 'cluster'))
    .withPanel(summary().gridPos({ x: 0, y: 0, w: 24, h: 9 }))
    .withPanel(
      epicurve('Epidemic curve by host', { ...chosen, groupBy: ['host.name'], topK: 10 })
        .description('The orange band is when it began, at 95 %. Green lines are fixes.')
        .gridPos({ x: 0, y: 9, w: 24, h: 9 })
    )
    .withPanel(contrast().gridPos({ x: 0, y: 18, w: 14, h: 9 }))
    .withPanel(
      epicurve('By build', { ...chosen, groupBy: ['service.version'], topK: 10 }).gridPos({ x: 14, y: 18, w: 10, h: 9 })
    )
    .withPanel(silence().gridPos({ x: 0, y: 27, w: 14, h: 9 }))
    .withPanel(
      wordTable('One disease or two', { ...chosen, type: 'split' }, 'table', [
        'One or two',
        'In a sentence',
        'Parted by',
      ])
        .description('Whether the crashes of this cluster fall into two groups that share different things.')
        .gridPos({ x: 14, y: 27, w: 10, h: 9 })
    )
    .withPanel(ledgerEntry().gridPos({ x: 0, y: 36, w: 24, h: 9 }))
    .withPanel(lineList(chosen).gridPos({ x: 0, y: 45, w: 24, h: 11 }))
    .build();
}

function summary() {
  return wordTable('In a sentence', { ...chosen, type: 'verdict' }, 'table', [
    'State',
    'In a sentence',
    'What would change the answer',
    'Gone can be said',
  ])
    .noValue('Choose a cluster above.')
    .overrideByName('What would change the answer', [width(330)])
    .overrideByName('State', [width(120), stateMapping, { id: 'custom.cellOptions', value: { type: 'pill' } }])
    .overrideByName('Gone can be said', [width(170), { id: 'unit', value: 'dateTimeAsIso' }]);
}

function contrast() {
  return new TableBuilder()
    .title('What it shares')
    .description(
      'Hosts, builds and places that these crashes have more often than the fleet. "Explained" rows follow from a better one; "busy" ones crash more of everything.'
    )
    .datasource(ARCHIVE)
    .withTarget(ask({ ...chosen, type: 'contrast' }))
    .noValue('Nothing is over-represented: look at the code rather than at machines.')
    .overrideByRegexp('.*', [emptyCell])
    .overrideByRegexp('^(Episodes with it|Of|At least|Explained by|False discovery rate)$', [hidden])
    .overrideByName('Dimension', [width(150)])
    .overrideByRegexp('^(Odds ratio|False discovery rate|Standing)$', [width(95)])
    .overrideByName('Share of the crashes', [{ id: 'decimals', value: 0 }])
    .overrideByName('Share of the reference', [{ id: 'decimals', value: 0 }])
    .overrideByRegexp('^(Odds ratio|At least|False discovery rate)$', [{ id: 'decimals', value: 1 }]);
}

function silence() {
  return new TimeseriesBuilder()
    .title('Silence curve')
    .description(
      'The chance that the cluster would have been silent so long if nothing had been fixed. Below the limit, "gone" can be said. Widen the range to see the date to come.'
    )
    .datasource(ARCHIVE)
    .withTarget(ask({ ...chosen, type: 'verdict' }, 'curve'))
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(2)
    .fillOpacity(8)
    .min(0)
    .max(1)
    .noValue('No fix is marked, or the cluster has not been silent since.')
    .overrideByName('If it stays silent', [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } }])
    .overrideByName('Limit for gone', [
      { id: 'color', value: { mode: 'fixed', fixedColor: 'green' } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
}

function ledgerEntry() {
  return wordTable('Ledger', { ...chosen, type: 'ledger', limit: 1 }, 'table', [
    'Category',
    'Surface',
    'Environment',
    'Reviewer label',
    'Cause and mitigation',
    'Progress',
    'Still needed',
    'Reopened',
  ])
    .overrideByName('Category', [width(130)])
    .overrideByName('Surface', [width(90)])
    .overrideByName('Environment', [width(260)])
    .overrideByName('Reviewer label', [width(130)])
    .overrideByRegexp('^(Progress|Still needed|Reopened)$', [width(140)]);
}

/** The newest crashes, one a row. */
export function lineList(question: Question) {
  return new TableBuilder()
    .title('Crashes')
    .description('The newest crashes of the range, with everything that is known of each.')
    .datasource(ARCHIVE)
    .withTarget(ask({ ...question, type: 'records', limit: 200 }))
    .filterable(true)
    .noValue('No crashes in this time range.')
    .overrideByRegexp('.*', [emptyCell])
    .overrideByName('Cluster', [width(280)])
    .overrideByRegexp('^(crash.class|crash.kind|crash.confidence|crash.source)$', [hidden])
    .overrideByName('Time', [width(180)])
    .overrideByName('host.name', [
      {
        id: 'links',
        value: [
          {
            title: 'Open host',
            url: '/d/epicurve-host?var-host=${__value.raw:percentencode}&${datasource:queryparam}&${__url_time_range}',
          },
        ],
      },
    ]);
}
