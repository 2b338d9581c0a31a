import { type Dashboard, DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';

import type { Question } from '../src/query/question';

import { lineList } from './cluster';
import { clustersTable } from './clusterstable';
import { CLASS_COLORS, epicurve, fixedColor } from './epicurve';
import { menu } from './menu';
import { datasource, filterBy, one } from './variables';

const here: Question = { filters: [filterBy('host', 'host.name')] };

/** One host against the fleet. */
export function host(): Dashboard {
  return new DashboardBuilder('Host')
    .uid('epicurve-host')
    .description('One host against the fleet: a machine at fault crashes more, and of everything.')
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-30d', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(menu())
    .withVariable(datasource())
    .withVariable(one('host', 'Host', 'host.name'))
    .withPanel(byClass('This host', here).gridPos({ x: 0, y: 0, w: 12, h: 10 }))
    .withPanel(byClass('The whole fleet', {}).gridPos({ x: 12, y: 0, w: 12, h: 10 }))
    .withPanel(clustersTable('Clusters on this host', { ...here, limit: 50 }).gridPos({ x: 0, y: 10, w: 24, h: 10 }))
    .withPanel(lineList(here).gridPos({ x: 0, y: 20, w: 24, h: 12 }))
    .build();
}

function byClass(title: string, question: Question) {
  const panel = epicurve(title, { ...question, groupBy: ['crash.class'] });
  for (const [name, color] of Object.entries(CLASS_COLORS)) {
    panel.overrideByName(name, fixedColor(color));
  }
  return panel;
}
