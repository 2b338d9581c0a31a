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

export function print(dashboard: Dashboard): string {
  return JSON.stringify(dashboard, null, 2) + '\n';
}
