import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const split: QueryKind = {
  type: 'split',
  label: () => t('kind.split.label', 'One or two'),
  description: () => t('kind.split.description', 'Whether a cluster is one disease or two'),
  parts: [],
  formats: [],
};
