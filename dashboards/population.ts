import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { type Dashboard, DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask, live } from './ask';
import { clustersTable, emptyCell, hidden, width } from './clusterstable';
import { CLASS_COLORS, epicurve, fixedColor, NO_CRASHES } from './epicurve';
import { allEvents } from './events';
import { datasource, filterBy, values } from './variables';
import { menu } from './menu';

/** What the viewer chose at the top. */
const chosen: Question = {
  filters: [filterBy('host', 'host.name'), filterBy('executable', 'process.executable.name')],
};

/** Is anything new or growing? */
export function population(): Dashboard {
  return new DashboardBuilder('Crash population')
    .uid('epicurve-population')
    .description('Every crash of the fleet as one population: when, which kinds, on which hosts.')
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-7d', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu())
    .annotations(allEvents())
    .withVariable(datasource())
    .withVariable(values('host', 'Host', 'host.name'))
    .withVariable(values('executable', 'Executable', 'process.executable.name'))
    .withPanel(number('Crashes', { ...chosen, type: 'timeseries' }, 'sum').gridPos({ x: 0, y: 0, w: 4, h: 5 }))
    .withPanel(
      number('Clusters', { ...chosen, type: 'clusters', limit: 10_000 }, 'count').gridPos({ x: 0, y: 5, w: 4, h: 5 })
    )
    .withPanel(byClass().gridPos({ x: 4, y: 0, w: 20, h: 10 }))
    .withPanel(
      epicurve('Epidemic curve by host', { ...chosen, groupBy: ['host.name'], topK: 10 })
        .description(
          'The ten hosts with the most crashes, and all others. One host that stands out points at the machine, not at the code.'
        )
        .gridPos({ x: 0, y: 10, w: 24, h: 9 })
    )
    .withPanel(
      clustersTable('Clusters', { ...chosen, limit: 100 })
        .description(
          'Crashes that share class and signature. First and last seen are those of the whole archive; the rest counts this time range.'
        )
        .gridPos({ x: 0, y: 19, w: 24, h: 12 })
    )
    .withPanel(arriving().gridPos({ x: 0, y: 31, w: 24, h: 9 }))
    .build();
}

/** The newest crashes; new ones follow without a refresh. */
function arriving() {
  return new TableBuilder()
    .title('Crashes as they arrive')
    .description('The newest crashes of the range. New ones follow by themselves, up to an hour late.')
    .datasource(ARCHIVE)
    .withTarget(live({ ...chosen, limit: 100 }))
    .noValue(NO_CRASHES)
    .sortBy([new TableSortByFieldStateBuilder().displayName('Time').desc(true)])
    .overrideByRegexp('.*', [emptyCell])
    .overrideByName('Time', [width(180)])
    .overrideByName('Cluster', [width(280)])
    .overrideByName('crash.id', [hidden]);
}

function byClass() {
  const panel = epicurve('Epidemic curve by class', { ...chosen, groupBy: ['crash.class'] }).description(
    'return_to_null: a function returned to address zero. misaligned_stack: the stack pointer was off by a word. Both mean that control flow itself was corrupt.'
  );
  for (const [name, color] of Object.entries(CLASS_COLORS)) {
    panel.overrideByName(name, fixedColor(color));
  }
  return panel;
}

function number(title: string, question: Question, calculation: 'sum' | 'count') {
  return new StatBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask(question))
    .reduceOptions(
      new ReduceDataOptionsBuilder()
        .calcs([calculation])
        .fields(calculation === 'count' ? '/^Cluster$/' : '')
        .values(false)
    )
    .colorMode(BigValueColorMode.None)
    .graphMode(calculation === 'sum' ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .decimals(0)
    .noValue('0')
    .description(NO_CRASHES);
}
