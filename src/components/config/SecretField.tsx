import { Field, SecretInput, SecretTextArea } from '@grafana/ui';
import React from 'react';

import { type ArchiveSecrets } from '../../types';
import { type Props as EditorProps } from '../ConfigEditor';

interface Props extends EditorProps {
  secret: keyof ArchiveSecrets;
  label: string;
  /** A text of several lines, such as a certificate. */
  multiline?: boolean;
  placeholder?: string;
}

/** A setting that is stored encrypted and never shown again. */
export function SecretField({ options, onOptionsChange, secret, label, multiline, placeholder }: Props) {
  const set = (value: string, configured: boolean) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...options.secureJsonFields, [secret]: configured },
      secureJsonData: { ...options.secureJsonData, [secret]: value },
    });
  const id = `archive-${secret}`;
  const isConfigured = Boolean(options.secureJsonFields?.[secret]);
  const value = options.secureJsonData?.[secret] ?? '';
  return (
    <Field label={label} htmlFor={id}>
      {multiline ? (
        <SecretTextArea
          id={id}
          cols={60}
          rows={6}
          isConfigured={isConfigured}
          value={value}
          placeholder={placeholder}
          onReset={() => set('', false)}
          onChange={(e) => set(e.currentTarget.value, false)}
        />
      ) : (
        <SecretInput
          id={id}
          width={40}
          autoComplete="off"
          isConfigured={isConfigured}
          value={value}
          placeholder={placeholder}
          onReset={() => set('', false)}
          onChange={(e) => set(e.currentTarget.value, false)}
        />
      )}
    </Field>
  );
}
