import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const records: QueryKind = {
  type: 'records',
  label: () => t('kind.records.label', 'Crashes'),
  description: () => t('kind.records.description', 'Single crashes, newest first'),
  parts: ['limit', 'format', 'live'],
  formats: [
    { value: 'table', label: () => t('format.table', 'Table') },
    { value: 'logs', label: () => t('format.logs', 'Log lines') },
  ],
};
