import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const timeseries: QueryKind = {
  type: 'timeseries',
  label: () => t('kind.timeseries.label', 'Epidemic curve'),
  description: () => t('kind.timeseries.description', 'Crashes over time, one series per group'),
  parts: ['measure', 'groupBy', 'interval', 'topK'],
  formats: [],
};
