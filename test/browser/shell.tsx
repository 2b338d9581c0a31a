/**
 * A page that loads the built plugin the way Grafana does, without Grafana: the
 * libraries that Grafana shares are the real ones, /api goes to the plugin's
 * real back end (pkg/plugin/browser_test.go).
 */
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import i18next from 'i18next';
import lodash from 'lodash';
import React from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import ReactDOM from 'react-dom';
import * as ReactDOMClient from 'react-dom/client';
import * as rxjs from 'rxjs';

import { backend, templates } from './services';
import { Workbench } from './Workbench';

const shared: Record<string, unknown> = {
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
  i18next,
  lodash,
  react: React,
  'react/jsx-runtime': jsxRuntime,
  'react-dom': ReactDOM,
  rxjs,
  module: { uri: `${location.origin}/plugin/module.js` },
};

// Grafana's loader gives plugins what is shared by name; react-dom/client since
// Grafana 13, which a plugin may ask for at any time.
if (React.version.startsWith('19.')) {
  shared['react-dom/client'] = ReactDOMClient;
}
const System = {
  import: async (name: string) => {
    if (!(name in shared)) {
      throw new Error(`Grafana shares no module ${name}`);
    }
    return shared[name];
  },
};
Object.assign(window, { System, epicurveLibraries: `React ${React.version}` });

declare global {
  interface Window {
    define: (names: string[], factory: (...deps: unknown[]) => unknown) => void;
  }
}

function theme() {
  const mode = new URLSearchParams(location.search).get('theme') === 'light' ? 'light' : 'dark';
  return data.createTheme({ colors: { mode } });
}

runtime.setBackendSrv(backend);
runtime.setTemplateSrv(templates);
runtime.setAppEvents(new data.EventBusSrv());
Object.assign(runtime.config, { bootData: { user: { isSignedIn: true, orgRole: 'Editor' } }, theme2: theme() });

window.define = async (names, factory) => {
  const missing = names.filter((name) => !(name in shared));
  if (missing.length > 0) {
    throw new Error(`Grafana shares no module ${missing.join(', ')}`);
  }
  const { plugin } = (await factory(...names.map((name) => shared[name]))) as { plugin: data.DataSourcePlugin<any> };
  ReactDOMClient.createRoot(document.getElementById('root')!).render(
    <data.ThemeContext.Provider value={theme()}>
      <ui.GlobalStyles />
      <ui.PortalContainer />
      <Workbench plugin={plugin} />
    </data.ThemeContext.Provider>
  );
};

await i18next.init({ lng: 'en-US', resources: {}, returnEmptyString: false });
const script = document.createElement('script');
script.src = '/plugin/module.js';
document.body.append(script);
