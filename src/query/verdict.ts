import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const verdict: QueryKind = {
  type: 'verdict',
  label: () => t('kind.verdict.label', 'Verdict'),
  description: () => t('kind.verdict.description', 'State of one cluster, what it shares, and when “gone” can be said'),
  parts: ['format'],
  formats: [
    { value: 'table', label: () => t('format.table', 'Table') },
    { value: 'curve', label: () => t('format.curve', 'Silence curve') },
  ],
};
