import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const ledger: QueryKind = {
  type: 'ledger',
  label: () => t('kind.ledger.label', 'Ledger'),
  description: () => t('kind.ledger.description', 'What people and statistics say about every cluster'),
  parts: ['limit', 'format'],
  formats: [
    { value: 'table', label: () => t('format.table', 'Table') },
    { value: 'fixes', label: () => t('format.fixes', 'Fixes') },
  ],
};
