import { t } from '@grafana/i18n';
import { Combobox, type ComboboxOption, Field } from '@grafana/ui';
import React from 'react';

import { type ClusterNumber } from '../../types';
import { type PartProps } from '../Builder';

interface Props extends PartProps {
  number?: ClusterNumber;
  onNumber: (n: ClusterNumber | undefined) => void;
}

function choices(): Array<ComboboxOption<ClusterNumber>> {
  return [
    { value: 'crashes', label: t('number.crashes', 'Crashes') },
    { value: 'hosts', label: t('number.hosts', 'Hosts') },
    { value: 'new', label: t('number.new', 'Is new'), description: t('number.condition', '1 or 0') },
    {
      value: 'surge',
      label: t('number.surge', 'Surge'),
      description: t('number.surge-help', 'CUSUM in units of its limit: 1 is the alarm'),
    },
    { value: 'relapsed', label: t('number.relapsed', 'Is back'), description: t('number.condition', '1 or 0') },
    { value: 'gone', label: t('number.gone', 'Is proven gone'), description: t('number.condition', '1 or 0') },
    { value: 'one-host', label: t('number.one-host', 'Is on one host'), description: t('number.condition', '1 or 0') },
  ];
}

/** What an alert rule compares: a number, or a condition, of every cluster. */
export function ClusterNumberPart({ id, problems, number, onNumber }: Props) {
  return (
    <Field
      noMargin
      label={t('part.number', 'Number')}
      htmlFor={`${id}-number`}
      invalid={Boolean(problems.number)}
      error={problems.number}
    >
      <Combobox
        id={`${id}-number`}
        width={20}
        options={choices()}
        value={number ?? 'crashes'}
        onChange={(o) => onNumber(o.value)}
      />
    </Field>
  );
}
