import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { config } from '@grafana/runtime';
import { Field, FieldSet, Input, SecureSocksProxySettings } from '@grafana/ui';
import React from 'react';

import { type ArchiveOptions, type ArchiveSecrets } from '../types';

import { AuthSettings } from './config/AuthSettings';
import { TlsSettings } from './config/TlsSettings';

export type Props = DataSourcePluginOptionsEditorProps<ArchiveOptions, ArchiveSecrets>;

/** The settings of a data source: where the archive is and how to sign in to it. */
export default function ConfigEditor(props: Props) {
  const { options, onOptionsChange } = props;
  const { jsonData } = options;
  const missing = options.url.trim() === '';
  return (
    <>
      <FieldSet label={t('config.connection', 'Connection')}>
        <Field
          label={t('config.url', 'URL of the archive')}
          description={t(
            'config.url-help',
            'As Grafana’s server reaches it. The archive listens on port 9932 by default.'
          )}
          htmlFor="archive-url"
          required
          invalid={missing}
          error={missing ? t('config.url-missing', 'A URL is needed, such as http://localhost:9932') : undefined}
        >
          <Input
            id="archive-url"
            width={50}
            placeholder="http://localhost:9932"
            value={options.url}
            onChange={(e) => onOptionsChange({ ...options, access: 'proxy', url: e.currentTarget.value })}
          />
        </Field>
        <Field
          label={t('config.timeout', 'Timeout')}
          description={t('config.timeout-help', 'Seconds to wait for an answer; 30 if empty.')}
          htmlFor="archive-timeout"
        >
          <Input
            id="archive-timeout"
            type="number"
            min={1}
            max={600}
            width={12}
            placeholder="30"
            value={jsonData.timeout ?? ''}
            onChange={(e) =>
              onOptionsChange({
                ...options,
                jsonData: { ...jsonData, timeout: Number(e.currentTarget.value) || undefined },
              })
            }
          />
        </Field>
      </FieldSet>
      <AuthSettings {...props} />
      <TlsSettings {...props} />
      {config.secureSocksDSProxyEnabled && <SecureSocksProxySettings {...props} />}
    </>
  );
}
