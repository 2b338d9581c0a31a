import { DataSourcePlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';

import { LazyConfigEditor, LazyQueryEditor } from './components/lazy';
import { DataSource } from './datasource';
import pluginJson from './plugin.json';
import { type ArchiveOptions, type ArchiveSecrets, type CrashQuery } from './types';

await initPluginTranslations(pluginJson.id);

export const plugin = new DataSourcePlugin<DataSource, CrashQuery, ArchiveOptions, ArchiveSecrets>(DataSource)
  .setConfigEditor(LazyConfigEditor)
  .setQueryEditor(LazyQueryEditor);
