import { t } from '@grafana/i18n';
import { Field, FieldSet, Input, Switch } from '@grafana/ui';
import React from 'react';

import { type ArchiveOptions } from '../../types';
import { type Props } from '../ConfigEditor';

import { SecretField } from './SecretField';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const KEY = '-----BEGIN PRIVATE KEY-----';

export function TlsSettings(props: Props) {
  const { options, onOptionsChange } = props;
  const { jsonData } = options;
  const set = (part: Partial<ArchiveOptions>) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...part } });
  const toggle = (field: 'tlsAuthWithCACert' | 'tlsAuth' | 'tlsSkipVerify', label: string, description: string) => (
    <Field label={label} description={description} htmlFor={`archive-${field}`}>
      <Switch
        id={`archive-${field}`}
        value={Boolean(jsonData[field])}
        onChange={(e) => set({ [field]: e.currentTarget.checked })}
      />
    </Field>
  );
  return (
    <FieldSet label={t('tls.title', 'TLS')}>
      {toggle(
        'tlsAuthWithCACert',
        t('tls.ca', 'Own certificate authority'),
        t('tls.ca-help', 'For archives whose certificate no public authority signed.')
      )}
      {jsonData.tlsAuthWithCACert && (
        <SecretField
          {...props}
          multiline
          secret="tlsCACert"
          label={t('tls.ca-cert', 'CA certificate')}
          placeholder={CERTIFICATE}
        />
      )}
      {toggle(
        'tlsAuth',
        t('tls.client', 'Client certificate'),
        t('tls.client-help', 'For archives that ask clients for one.')
      )}
      {jsonData.tlsAuth && (
        <>
          <Field label={t('tls.server-name', 'Server name')} htmlFor="archive-server-name">
            <Input
              id="archive-server-name"
              width={40}
              placeholder="archive.example.com"
              value={jsonData.serverName ?? ''}
              onChange={(e) => set({ serverName: e.currentTarget.value || undefined })}
            />
          </Field>
          <SecretField
            {...props}
            multiline
            secret="tlsClientCert"
            label={t('tls.client-cert', 'Client certificate')}
            placeholder={CERTIFICATE}
          />
          <SecretField
            {...props}
            multiline
            secret="tlsClientKey"
            label={t('tls.client-key', 'Client key')}
            placeholder={KEY}
          />
        </>
      )}
      {toggle(
        'tlsSkipVerify',
        t('tls.skip', 'Skip verification'),
        t('tls.skip-help', 'Anyone on the way could pretend to be the archive. For tests only.')
      )}
    </FieldSet>
  );
}
