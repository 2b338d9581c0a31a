import './.config/jest-setup';
import { initPluginTranslations } from '@grafana/i18n';
import { configure } from '@testing-library/react';

import pluginJson from './src/plugin.json';

// jsdom draws nothing; Grafana's combo boxes measure text before they open.
HTMLCanvasElement.prototype.getContext = () => ({ measureText: (text) => ({ width: text.length * 8 }) });

configure({ asyncUtilTimeout: 30_000 });

beforeAll(() => initPluginTranslations(pluginJson.id));
