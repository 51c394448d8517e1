// Writes the tables of errors, settings and metrics into their pages, where the text around them stays, and what the dashboard
// takes from the domain. Run it with `npm run docs`.
import { readFile, writeFile } from 'node:fs/promises';
import { DASHBOARD_DOMAIN, dashboardDomain } from './dashboard-domain.ts';
import { docTables } from './doc-tables.ts';

for (const [path, tables] of Object.entries(docTables)) {
  const [intro, ...sections] = (await readFile(path, 'utf8')).split(/^(?=## )/m);
  const columns = sections.join('').match(/^\|.*\n\|-.*\n/m)?.[0];
  const written = Object.entries(tables).map(
    ([heading, rows]) => `## ${heading}\n\n${columns}${rows.map((row) => `${row}\n`).join('')}`,
  );
  const prose = sections.filter((section) => !/^\|/m.test(section));
  await writeFile(path, intro + [...written, ...prose].join('\n'));
}

await writeFile(DASHBOARD_DOMAIN, await dashboardDomain());
