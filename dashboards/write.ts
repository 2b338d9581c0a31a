import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { FOLDER, print, STOCK } from './stock';

mkdirSync(FOLDER, { recursive: true });
for (const [name, build] of Object.entries(STOCK)) {
  writeFileSync(join(FOLDER, `${name}.json`), print(build()));
}
