import { type TimeRange } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Combobox, type ComboboxOption, Field, IconButton, Stack } from '@grafana/ui';
import React from 'react';

import { type Dimension } from '../../choices';
import { type DataSource } from '../../datasource';
import { type Filter, type Operator } from '../../query/question';
import { type Problems } from '../../query/validate';
import { dimensionOptions } from '../dimensionOptions';

import { ValuesField } from './ValuesField';

export interface FilterRowProps {
  id: string;
  filter: Filter;
  /** The filter's place in the question, such as "filters[0]". */
  path: string;
  problems: Problems;
  datasource: DataSource;
  dimensions: Dimension[];
  range?: TimeRange;
  onChange: (f: Filter) => void;
  onRemove: () => void;
}

function operators(): Array<ComboboxOption<Operator>> {
  return [
    { value: '=', label: '=', description: t('op.in', 'is one of') },
    { value: '!=', label: '!=', description: t('op.not-in', 'is none of') },
    { value: '=~', label: '=~', description: t('op.match', 'matches the whole expression') },
    { value: '!~', label: '!~', description: t('op.not-match', 'does not match') },
  ];
}

/** An operator takes several values, or one expression: what can't be kept is dropped. */
function withOperator(f: Filter, op: Operator): Filter {
  const single = op === '=~' || op === '!~';
  return { ...f, op, values: single ? f.values.slice(0, 1) : f.values };
}

export function FilterRow(props: FilterRowProps) {
  const { id, filter, path, problems, dimensions, onChange, onRemove } = props;
  const dimensionProblem = problems[`${path}.dimension`];
  const opProblem = problems[`${path}.op`];
  return (
    <Stack direction="row" gap={1} wrap="wrap" alignItems="flex-start">
      <Field
        noMargin
        label={t('filter.dimension', 'Filter')}
        htmlFor={`${id}-dimension`}
        invalid={Boolean(dimensionProblem)}
        error={dimensionProblem}
      >
        <Combobox
          id={`${id}-dimension`}
          width={30}
          createCustomValue
          placeholder={t('filter.choose', 'Choose a dimension')}
          options={dimensionOptions(dimensions, [filter.dimension])}
          value={filter.dimension || null}
          onChange={(o) => onChange({ ...filter, dimension: o.value, values: [] })}
        />
      </Field>
      <Field
        noMargin
        label={t('filter.operator', 'Operator')}
        htmlFor={`${id}-op`}
        invalid={Boolean(opProblem)}
        error={opProblem}
      >
        <Combobox
          id={`${id}-op`}
          width={10}
          options={operators()}
          value={filter.op}
          onChange={(o) => onChange(withOperator(filter, o.value))}
        />
      </Field>
      <ValuesField {...props} />
      <IconButton
        name="trash-alt"
        size="lg"
        tooltip={t('filter.remove', 'Remove filter {{name}}', { name: filter.dimension })}
        onClick={onRemove}
      />
    </Stack>
  );
}
