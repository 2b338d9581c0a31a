import { t } from '@grafana/i18n';
import { Combobox, type ComboboxOption, Field } from '@grafana/ui';
import React from 'react';

import { type Measure } from '../../query/question';
import { type PartProps } from '../Builder';

function measures(): Array<ComboboxOption<Measure>> {
  return [
    { value: 'crashes', label: t('measure.crashes', 'Crashes'), description: t('measure.crashes-help', 'How many') },
    {
      value: 'hosts',
      label: t('measure.hosts', 'Hosts'),
      description: t('measure.hosts-help', 'Distinct hosts affected'),
    },
    {
      value: 'rate',
      label: t('measure.rate', 'Rate'),
      description: t('measure.rate-help', 'Per host-day of exposure'),
    },
    {
      value: 'share',
      label: t('measure.share', 'Share'),
      description: t('measure.share-help', 'Of all crashes in the bucket'),
    },
  ];
}

export function MeasurePart({ id, question, problems, change }: PartProps) {
  return (
    <Field
      noMargin
      label={t('part.measure', 'Count')}
      htmlFor={`${id}-measure`}
      invalid={Boolean(problems.measure)}
      error={problems.measure}
    >
      <Combobox
        id={`${id}-measure`}
        width={18}
        options={measures()}
        value={question.measure ?? 'crashes'}
        onChange={(o) => change({ measure: o.value })}
      />
    </Field>
  );
}
