import {
  BarAlignment,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask } from './ask';

/** What an empty panel says to do. */
export const NO_CRASHES =
  'No crashes match in this time range. Widen the range or clear the filters; if there should be some, check that an exporter ships to this archive.';

/** An epidemic curve: stacked bars, one bucket a bar, never below zero. */
export function epicurve(title: string, question: Question): PanelBuilder {
  return new PanelBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask({ type: 'timeseries', measure: 'crashes', ...question }))
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(BarAlignment.After)
    .barWidthFactor(0.97)
    .lineWidth(0)
    .fillOpacity(85)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    .overrideByName('all others', fixedColor('#7b8087'))
    .min(0)
    .decimals(0)
    .axisLabel('crashes')
    .noValue(NO_CRASHES)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .calcs(['sum'])
        .sortBy('Total')
        .sortDesc(true)
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending).hideZeros(true));
}

/** The colours of the three classes, the same on every panel; from Grafana's palette, so that they suit both themes. */
export const CLASS_COLORS: Record<string, string> = {
  return_to_null: 'red',
  misaligned_stack: 'orange',
  other: 'blue',
};

export function fixedColor(color: string): DynamicConfigValue[] {
  return [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }];
}
