import { t } from '@grafana/i18n';
import { Combobox, type ComboboxOption, Field } from '@grafana/ui';
import React from 'react';

import { type Suppressed } from '../../query/question';
import { type PartProps } from '../Builder';

function choices(): Array<ComboboxOption<Suppressed>> {
  return [
    { value: 'exclude', label: t('suppressed.exclude', 'Left out') },
    { value: 'include', label: t('suppressed.include', 'Included') },
    { value: 'only', label: t('suppressed.only', 'Only these') },
  ];
}

export function SuppressedPart({ id, question, problems, change }: PartProps) {
  return (
    <Field
      noMargin
      label={t('part.suppressed', 'False positives')}
      htmlFor={`${id}-suppressed`}
      invalid={Boolean(problems.suppressed)}
      error={problems.suppressed}
    >
      <Combobox
        id={`${id}-suppressed`}
        width={18}
        options={choices()}
        value={question.suppressed ?? 'exclude'}
        onChange={(o) => change({ suppressed: o.value })}
      />
    </Field>
  );
}
