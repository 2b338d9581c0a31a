import { t } from '@grafana/i18n';
import { Field, MultiCombobox } from '@grafana/ui';
import React from 'react';

import { type Dimension } from '../../choices';
import { type PartProps } from '../Builder';
import { dimensionOptions } from '../dimensionOptions';

interface Props extends PartProps {
  dimensions: Dimension[];
}

export function GroupByPart({ id, question, problems, change, dimensions }: Props) {
  const groupBy = question.groupBy ?? [];
  const problem = problems.groupBy ?? groupBy.map((_, i) => problems[`groupBy[${i}]`]).find(Boolean);
  return (
    <Field
      noMargin
      label={t('part.group-by', 'Group by')}
      htmlFor={`${id}-group-by`}
      invalid={Boolean(problem)}
      error={problem}
    >
      <MultiCombobox
        id={`${id}-group-by`}
        width="auto"
        minWidth={24}
        maxWidth={60}
        placeholder={t('part.group-by-none', 'One series of all')}
        createCustomValue
        options={dimensionOptions(dimensions, groupBy)}
        value={groupBy}
        onChange={(options) => change({ groupBy: options.map((o) => o.value) })}
      />
    </Field>
  );
}
