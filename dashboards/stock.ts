import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { cluster } from './cluster';
import { coverage } from './coverage';
import { exporter } from './exporter';
import { host } from './host';
import { fixes, ledger } from './ledger';
import { population } from './population';

/** The stock dashboards by the name of their file in src/dashboards. */
export const STOCK: Record<string, () => Dashboard> = {
  population,
  cluster,
  host,
  fixes,
  ledger,
  coverage,
  exporter,
};

/** The folder of the checked-in JSON, from the repository's root. */
export const FOLDER = 'src/dashboards';

/** Panels are numbered in their order, so that alert rules can name the one that shows their state. */
export function print(dashboard: Dashboard): string {
  const panels = dashboard.panels?.map((panel, i) => ({ id: i + 1, ...panel }));
  return JSON.stringify({ ...dashboard, panels }, null, 2) + '\n';
}
