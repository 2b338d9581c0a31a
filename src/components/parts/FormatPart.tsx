import { t } from '@grafana/i18n';
import { Combobox, Field } from '@grafana/ui';
import React from 'react';

import { type QueryKind } from '../../query/kind';
import { type Format } from '../../types';
import { type PartProps } from '../Builder';

interface Props extends PartProps {
  kind: QueryKind;
  format?: Format;
  onFormat: (f: Format | undefined) => void;
}

export function FormatPart({ id, problems, kind, format, onFormat }: Props) {
  return (
    <Field
      noMargin
      label={t('part.format', 'As')}
      htmlFor={`${id}-format`}
      invalid={Boolean(problems.format)}
      error={problems.format}
    >
      <Combobox
        id={`${id}-format`}
        width={20}
        options={kind.formats.map((f) => ({ value: f.value, label: f.label() }))}
        value={format ?? kind.formats[0].value}
        onChange={(o) => onFormat(o.value)}
      />
    </Field>
  );
}
