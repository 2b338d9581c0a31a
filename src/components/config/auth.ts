import { type DataSourceSettings } from '@grafana/data';

import { type ArchiveOptions, type ArchiveSecrets } from '../../types';

type Settings = DataSourceSettings<ArchiveOptions, ArchiveSecrets>;

export type AuthMethod = 'none' | 'token' | 'basic' | 'forward';

export function authMethodOf({ basicAuth, jsonData }: Settings): AuthMethod {
  if (basicAuth) {
    return 'basic';
  }
  if (jsonData.oauthPassThru) {
    return 'forward';
  }
  return jsonData.tokenAuth ? 'token' : 'none';
}

/** Changes the method; a token that is not used any more is forgotten, so that it is not sent. */
export function withAuthMethod(settings: Settings, method: AuthMethod): Settings {
  const next: Settings = {
    ...settings,
    basicAuth: method === 'basic',
    jsonData: { ...settings.jsonData, oauthPassThru: method === 'forward', tokenAuth: method === 'token' },
  };
  if (method === 'token') {
    return next;
  }
  return {
    ...next,
    secureJsonFields: { ...settings.secureJsonFields, bearerToken: false },
    secureJsonData: { ...settings.secureJsonData, bearerToken: '' },
  };
}
