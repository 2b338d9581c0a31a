import { type QueryEditorProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Combobox, Field, Input, Stack } from '@grafana/ui';
import React from 'react';

import { type DataSource } from '../datasource';
import { type ArchiveOptions, type CrashQuery, type VariableQuery } from '../types';
import { CLUSTER } from '../variables';

import { dimensionOptions } from './dimensionOptions';
import { useDimensions } from './useDimensions';

type Props = QueryEditorProps<DataSource, CrashQuery, ArchiveOptions, VariableQuery>;

/** What a dashboard variable lists. */
export default function VariableEditor({ datasource, query, onChange }: Props) {
  const { dimensions, error } = useDimensions(datasource);
  const id = 'crash-variable';
  const options = [
    {
      value: CLUSTER,
      label: t('variable.clusters', 'Clusters'),
      description: t('variable.clusters-help', 'Keys of the largest clusters'),
    },
    ...dimensionOptions(dimensions, query.dimension === CLUSTER ? [] : [query.dimension ?? '']),
  ];
  const change = (part: Partial<VariableQuery>) => onChange({ ...query, refId: query.refId || 'variable', ...part });
  return (
    <Stack direction="row" gap={2} wrap="wrap" alignItems="flex-start">
      <Field
        noMargin
        label={t('variable.values-of', 'Values of')}
        htmlFor={`${id}-dimension`}
        invalid={Boolean(error)}
        error={error}
      >
        <Combobox
          id={`${id}-dimension`}
          width={36}
          createCustomValue
          options={options}
          value={query.dimension ?? null}
          onChange={(o) => change({ dimension: o.value })}
        />
      </Field>
      <Field noMargin label={t('variable.search', 'Containing')} htmlFor={`${id}-search`}>
        <Input
          id={`${id}-search`}
          width={24}
          defaultValue={query.search}
          onBlur={(e) => change({ search: e.currentTarget.value || undefined })}
        />
      </Field>
      <Field noMargin label={t('variable.limit', 'At most')} htmlFor={`${id}-limit`}>
        <Input
          id={`${id}-limit`}
          type="number"
          min={1}
          max={1000}
          width={10}
          placeholder="100"
          defaultValue={query.limit}
          onBlur={(e) => change({ limit: Number(e.currentTarget.value) || undefined })}
        />
      </Field>
    </Stack>
  );
}
