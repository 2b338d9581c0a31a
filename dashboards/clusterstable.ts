import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';

import type { Question } from '../src/query/question';

import { ARCHIVE, ask } from './ask';
import { CLASS_COLORS, NO_CRASHES } from './epicurve';

/** The clusters, largest first, with their trend over the range as a sparkline. */
export function clustersTable(title: string, question: Question): PanelBuilder {
  return new PanelBuilder()
    .title(title)
    .datasource(ARCHIVE)
    .withTarget(ask({ type: 'clusters', ...question }, 'table'))
    .noValue(NO_CRASHES)
    .filterable(true)
    .overrideByRegexp('.*', [emptyCell])
    .overrideByName('Cluster', [hidden])
    .overrideByName('Label', [width(120)])
    .overrideByName('State', [width(115), { id: 'custom.cellOptions', value: { type: 'pill' } }, stateMapping])
    .overrideByName('Signature', [{ id: 'links', value: [CLUSTER_LINK] }])
    .overrideByName('Class', [width(145), { id: 'custom.cellOptions', value: { type: 'pill' } }, classMapping])
    .overrideByName('Kind', [width(145)])
    .overrideByName('Executables', [width(110)])
    .overrideByName('Signals', [width(90)])
    .overrideByName('Crashes', [width(80)])
    .overrideByName('Hosts', [width(70)])
    .overrideByName('First seen', [width(170), { id: 'unit', value: 'dateTimeAsIso' }])
    .overrideByName('Last seen', [width(130), { id: 'unit', value: 'dateTimeFromNow' }])
    .overrideByName('Trend', [width(150), sparkline])
    .overrideByRegexp('^(Onset from|Onset to|Verdict|Grade)$', [hidden])
    .overrideByName('Gone can be said', [width(150), { id: 'unit', value: 'dateTimeFromNow' }])
    .overrideByName('In a sentence', [hidden]);
}

/** Opens the cluster of a row on its own dashboard, with this time range and archive. */
export const CLUSTER_LINK = {
  title: 'Open cluster',
  url: '/d/epicurve-cluster?var-cluster=${__data.fields.cluster:percentencode}&${datasource:queryparam}&${__url_time_range}',
};

/** What an empty cell shows; without this it would show what an empty panel says. */
export const emptyCell: DynamicConfigValue = { id: 'noValue', value: '–' };

export const hidden: DynamicConfigValue = { id: 'custom.hideFrom.viz', value: true };

const sparkline: DynamicConfigValue = {
  id: 'custom.cellOptions',
  value: { type: 'sparkline', hideValue: true, drawStyle: 'bars', fillOpacity: 90, lineWidth: 1, barAlignment: 0 },
};

export const classMapping: DynamicConfigValue = {
  id: 'mappings',
  value: [
    {
      type: 'value',
      options: Object.fromEntries(Object.entries(CLASS_COLORS).map(([name, color], index) => [name, { color, index }])),
    },
  ],
};

export function width(pixels: number): DynamicConfigValue {
  return { id: 'custom.width', value: pixels };
}

/** What each state of a cluster looks like: red asks for work, green is proven. */
const STATE_COLORS: Record<string, string> = {
  relapsed: 'dark-red',
  'relapse?': 'red',
  active: 'red',
  'not fixed': 'red',
  reduced: 'orange',
  disappearing: 'yellow',
  'paused?': 'yellow',
  quiet: 'blue',
  gone: 'green',
  insufficient: 'text',
  blind: 'purple',
};

export const stateMapping: DynamicConfigValue = {
  id: 'mappings',
  value: [
    {
      type: 'value',
      options: Object.fromEntries(Object.entries(STATE_COLORS).map(([name, color], index) => [name, { color, index }])),
    },
  ],
};
