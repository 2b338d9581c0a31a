import { t } from '@grafana/i18n';
import { Combobox, Field } from '@grafana/ui';
import React from 'react';

import { type PartProps } from '../Builder';

const WIDTHS = ['1m', '10m', '1h', '6h', '12h', '1d', '1w'];

export function IntervalPart({ id, question, problems, change }: PartProps) {
  const interval = typeof question.interval === 'number' ? `${question.interval}ms` : question.interval || 'auto';
  const options = [
    {
      value: 'auto',
      label: t('part.interval-auto', 'Auto'),
      description: t('part.interval-auto-help', 'Follows the time range'),
    },
    ...[...new Set([...WIDTHS, interval])].filter((w) => w !== 'auto').map((w) => ({ value: w, label: w })),
  ];
  return (
    <Field
      noMargin
      label={t('part.interval', 'Per')}
      htmlFor={`${id}-interval`}
      invalid={Boolean(problems.interval)}
      error={problems.interval}
    >
      <Combobox
        id={`${id}-interval`}
        width={14}
        createCustomValue
        options={options}
        value={interval}
        onChange={(o) => change({ interval: o.value === 'auto' ? undefined : o.value })}
      />
    </Field>
  );
}
