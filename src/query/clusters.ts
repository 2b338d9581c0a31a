import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const clusters: QueryKind = {
  type: 'clusters',
  label: () => t('kind.clusters.label', 'Clusters'),
  description: () => t('kind.clusters.description', 'Crashes that share class and signature, largest first'),
  parts: ['limit', 'format'],
  formats: [
    { value: 'table', label: () => t('format.table', 'Table') },
    { value: 'numeric', label: () => t('format.numeric', 'Numbers for alerts') },
  ],
};
