import { authMethodOf, type AuthMethod, withAuthMethod } from './auth';

type Settings = Parameters<typeof authMethodOf>[0];

const settings = {
  basicAuth: false,
  jsonData: {},
  secureJsonFields: { bearerToken: true, tlsCACert: true },
} as unknown as Settings;

it.each<AuthMethod>(['none', 'token', 'basic', 'forward'])('remembers the method %s', (method) => {
  expect(authMethodOf(withAuthMethod(settings, method))).toBe(method);
});

it('forgets the token when another method is chosen, and nothing else', () => {
  const next = withAuthMethod(settings, 'basic');
  expect(next.secureJsonFields).toEqual({ bearerToken: false, tlsCACert: true });
  expect(next.secureJsonData?.bearerToken).toBe('');
  expect(withAuthMethod(settings, 'token').secureJsonFields?.bearerToken).toBe(true);
});
