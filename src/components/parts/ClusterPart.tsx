import { getDefaultTimeRange, type TimeRange } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Combobox, type ComboboxOption, Field } from '@grafana/ui';
import React, { useCallback } from 'react';

import { type DataSource } from '../../datasource';
import { messageOf } from '../../message';
import { type PartProps } from '../Builder';

interface Props extends PartProps {
  datasource: DataSource;
  range?: TimeRange;
}

export function ClusterPart({ id, question, problems, change, datasource, range }: Props) {
  const load = useCallback(
    async (typed: string): Promise<ComboboxOption[]> => {
      try {
        const clusters = await datasource.clusters(range ?? getDefaultTimeRange());
        return clusters
          .filter((c) => c.key.toLowerCase().includes(typed.toLowerCase()))
          .map((c) => ({
            value: c.key,
            label: c.key,
            description: t('part.cluster-size', '{{crashes}} crashes on {{hosts}} hosts', {
              crashes: c.crashes,
              hosts: c.hosts,
            }),
          }));
      } catch (err) {
        return [{ value: '', label: messageOf(err), infoOption: true }];
      }
    },
    [datasource, range]
  );
  return (
    <Field
      noMargin
      label={t('part.cluster', 'Cluster')}
      htmlFor={`${id}-cluster`}
      invalid={Boolean(problems.cluster)}
      error={problems.cluster}
    >
      <Combobox
        id={`${id}-cluster`}
        width={60}
        isClearable
        createCustomValue
        placeholder={t('part.cluster-any', 'All clusters')}
        options={load}
        value={question.cluster ? { value: question.cluster, label: question.cluster } : null}
        onChange={(o) => change({ cluster: o?.value || undefined })}
      />
    </Field>
  );
}
