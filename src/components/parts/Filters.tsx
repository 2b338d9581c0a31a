import { type TimeRange } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Stack, Text } from '@grafana/ui';
import React from 'react';

import { type Dimension } from '../../choices';
import { type DataSource } from '../../datasource';
import { type Filter } from '../../query/question';
import { type PartProps } from '../Builder';

import { FilterRow } from './FilterRow';

interface Props extends PartProps {
  datasource: DataSource;
  dimensions: Dimension[];
  range?: TimeRange;
}

export function Filters({ id, question, problems, change, datasource, dimensions, range }: Props) {
  const filters = question.filters ?? [];
  const replace = (i: number, f: Filter) => change({ filters: filters.map((old, k) => (k === i ? f : old)) });
  const remove = (i: number) => {
    const rest = filters.filter((_, k) => k !== i);
    change({ filters: rest.length > 0 ? rest : undefined });
  };
  const add = () => change({ filters: [...filters, { dimension: '', op: '=', values: [] }] });
  return (
    <Stack direction="column" gap={1}>
      {filters.map((filter, i) => (
        <FilterRow
          key={i}
          id={`${id}-filter-${i}`}
          filter={filter}
          path={`filters[${i}]`}
          problems={problems}
          datasource={datasource}
          dimensions={dimensions}
          range={range}
          onChange={(f) => replace(i, f)}
          onRemove={() => remove(i)}
        />
      ))}
      <Stack direction="row" gap={1} alignItems="center">
        <Button size="sm" variant="secondary" icon="plus" onClick={add}>
          {t('part.add-filter', 'Add filter')}
        </Button>
        {problems.filters && <Text color="error">{problems.filters}</Text>}
      </Stack>
    </Stack>
  );
}
