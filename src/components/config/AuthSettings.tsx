import { t } from '@grafana/i18n';
import { Alert, Field, FieldSet, Input, RadioButtonGroup } from '@grafana/ui';
import React from 'react';

import { type Props } from '../ConfigEditor';

import { type AuthMethod, authMethodOf, withAuthMethod } from './auth';
import { SecretField } from './SecretField';

function methods(): Array<{ value: AuthMethod; label: string }> {
  return [
    { value: 'none', label: t('auth.none', 'None') },
    { value: 'token', label: t('auth.token', 'Token') },
    { value: 'basic', label: t('auth.basic', 'User and password') },
    { value: 'forward', label: t('auth.forward', 'Forward the viewer’s sign-in') },
  ];
}

export function AuthSettings(props: Props) {
  const { options, onOptionsChange } = props;
  const method = authMethodOf(options);
  return (
    <FieldSet label={t('auth.title', 'Authentication')}>
      <Field label={t('auth.method', 'Method')}>
        <RadioButtonGroup
          aria-label={t('auth.method', 'Method')}
          options={methods()}
          value={method}
          onChange={(m) => onOptionsChange(withAuthMethod(options, m))}
        />
      </Field>
      {method === 'token' && (
        <SecretField
          {...props}
          secret="bearerToken"
          label={t('auth.bearer', 'Token with the role read, or write to keep the ledger')}
        />
      )}
      {method === 'basic' && (
        <>
          <Field label={t('auth.user', 'User')} htmlFor="archive-user">
            <Input
              id="archive-user"
              width={40}
              autoComplete="off"
              value={options.basicAuthUser}
              onChange={(e) => onOptionsChange({ ...options, basicAuthUser: e.currentTarget.value })}
            />
          </Field>
          <SecretField {...props} secret="basicAuthPassword" label={t('auth.password', 'Password')} />
        </>
      )}
      {method === 'forward' && (
        <Alert severity="info" title={t('auth.forward-title', 'Alert rules have no viewer')}>
          {t(
            'auth.forward-help',
            'Grafana sends the OAuth token of whoever looks at a panel. Alert rules run without one, so the archive will refuse them.'
          )}
        </Alert>
      )}
    </FieldSet>
  );
}
