import { t } from '@grafana/i18n';

import { type QueryKind } from './kind';

export const contrast: QueryKind = {
  type: 'contrast',
  label: () => t('kind.contrast.label', 'What it shares'),
  description: () =>
    t('kind.contrast.description', 'Hosts, builds and places that are over-represented in one cluster'),
  parts: ['limit'],
  formats: [],
};
