import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const annotations: QueryKind = {
  type: 'annotations',
  label: () => t('kind.annotations.label', 'Events'),
  description: () => t('kind.annotations.description', 'Onsets, fixes, relapses and verdicts, to mark on panels'),
  parts: ['kinds', 'limit'],
  formats: [],
};
