import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const exposure: QueryKind = {
  type: 'exposure',
  label: () => t('kind.exposure.label', 'Exposure'),
  description: () =>
    t('kind.exposure.description', 'Host-days that were watched; a gap is a time of which nothing is known'),
  parts: ['groupBy', 'interval', 'topK', 'format'],
  formats: [
    { value: 'series', label: () => t('format.series', 'Time series') },
    { value: 'quality', label: () => t('format.quality', 'Quality of the data') },
    { value: 'numeric', label: () => t('format.numeric', 'Numbers for alerts') },
  ],
};
