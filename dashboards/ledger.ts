import { type Dashboard, DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

import { CLUSTER_LINK, hidden, stateMapping, width } from './clusterstable';
import { menu } from './menu';
import { datasource } from './variables';
import { wordTable } from './wordtable';

const pill = { id: 'custom.cellOptions', value: { type: 'pill' } };

/** Every marked fix with its proof, or the date at which there can be one. */
export function fixes(): Dashboard {
  return base('Fixes', 'epicurve-fixes', 'Every fix that somebody marked, and whether it worked.')
    .withPanel(
      wordTable('Fixes', { type: 'ledger', limit: 100 }, 'fixes')
        .noValue('No fix was marked. Mark one on the Cluster dashboard, or with epicurve-archive ledger.')
        .overrideByName('Rolled out', [width(170)])
        .overrideByName('State', [width(120), pill, stateMapping])
        .overrideByName('Event', [hidden])
        .overrideByName('Marked by', [width(100)])
        .overrideByName('Fix', [width(230)])
        .overrideByName('Cluster', [width(210), { id: 'links', value: [CLUSTER_LINK] }])
        .gridPos({ x: 0, y: 0, w: 24, h: 20 })
    )
    .build();
}

/** The nine fields of the failure population ledger. */
export function ledger(): Dashboard {
  return base('Ledger', 'epicurve-ledger', 'The nine fields of the failure population ledger, one row a cluster.')
    .withPanel(
      wordTable('Ledger', { type: 'ledger', limit: 100 }, 'table')
        .noValue('No crashes in this time range, and nobody wrote about any.')
        .overrideByName('State', [width(120), pill, stateMapping])
        .overrideByName('Category', [width(150)])
        .overrideByRegexp('^(First|Last) seen$', [width(120), { id: 'unit', value: 'dateTimeFromNow' }])
        .overrideByRegexp('^(Surface|Input type|Episodes)$', [width(90)])
        .overrideByRegexp('^(Path|Reviewer label|Progress|Still needed|Reopened)$', [width(150)])
        .overrideByRegexp('^(Environment|Cause and mitigation)$', [width(280)])
        .overrideByName('Gone can be said', [width(150), { id: 'unit', value: 'dateTimeAsIso' }])
        .overrideByName('Cluster', [width(220), { id: 'links', value: [CLUSTER_LINK] }])
        .overrideByName('Proof of disappearance', [width(420)])
        .gridPos({ x: 0, y: 0, w: 24, h: 22 })
    )
    .build();
}

function base(title: string, uid: string, description: string) {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['epicurve'])
    .editable()
    .time({ from: 'now-90d', to: 'now' })
    .timezone('browser')
    .link(menu())
    .withVariable(datasource());
}
