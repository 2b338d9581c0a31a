import { t } from '@grafana/i18n';
import { Field, Switch } from '@grafana/ui';
import React from 'react';

interface Props {
  id: string;
  live?: boolean;
  onLive: (on: boolean | undefined) => void;
}

/** Whether new crashes follow as they arrive. */
export function LivePart({ id, live, onLive }: Props) {
  return (
    <Field noMargin label={t('part.live', 'Live')} htmlFor={`${id}-live`}>
      <Switch
        id={`${id}-live`}
        value={live ?? false}
        onChange={(e) => onLive(e.currentTarget.checked ? true : undefined)}
      />
    </Field>
  );
}
