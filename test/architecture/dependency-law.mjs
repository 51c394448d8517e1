/**
 * The dependency law. Each rule is proved to bite by a file in `planted` that breaks it.
 *
 *     domain ← ports ← adapters ← entrypoints/composition ← entrypoints/container, lambda, cli
 *                                            ↓
 *                                 entrypoints/http, worker, config
 */

/** Where packages may be imported; one that is new to the service needs a place here. */
const homes = [
  {
    group: 'aws',
    home: '^src/adapters/(apigateway|aws|dynamodb|secretsmanager|sns)/',
    packages: ['@aws-sdk/[^/]+', '@smithy/[^/]+'],
  },
  { group: 'decimal', home: '^src/domain/stocks/', packages: ['big\\.js'] },
  { group: 'redis', home: '^src/adapters/redis/', packages: ['ioredis'] },
  { group: 'http-client', home: '^src/adapters/http/', packages: ['axios', 'cockatiel', 'lossless-json'] },
  { group: 'tokens', home: '^src/adapters/http/', packages: ['jose'] },
  { group: 'sqlite', home: '^src/adapters/disk/', packages: ['@photostructure/sqlite'] },
  { group: 'ulid', home: '^src/adapters/system/', packages: ['ulid'] },
  {
    group: 'fastify',
    home: '^src/entrypoints/',
    packages: ['fastify', '@fastify/[^/]+', 'pino', 'close-with-grace'],
  },
  { group: 'prometheus', home: '^src/adapters/telemetry/', packages: ['prom-client'] },
  { group: 'inversify', home: '^src/entrypoints/composition/', packages: ['inversify', 'reflect-metadata'] },
  {
    group: 'web',
    home: '^src/entrypoints/http/',
    packages: ['helmet', 'typebox', 'find-my-way', 'structured-headers', 'ipaddr\\.js', 'ws'],
  },
  { group: 'dashboard', home: '^src/entrypoints/(http|lambda)/', packages: ['lit-html', '@preact/signals-core'] },
  { group: 'twilio', home: '^src/entrypoints/http/votes/', packages: ['twilio'] },
];

const inPackages = (names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;
const everyPackage = inPackages(homes.flatMap(({ packages }) => packages));
/** What the domain may use all the same: packages that have their home in it. */
const domainPackages = homes.filter(({ home }) => home.startsWith('^src/domain/')).flatMap(({ packages }) => packages);
/** Packages that hold no code, only types. */
const typePackages = '(^|/)node_modules/@types/';

const vendorsStayHome = homes.map(({ group, home, packages }) => ({
  name: `${group}-stays-home`,
  comment:
    'This package is used in one place, so that replacing it touches one place. Go through what that folder ' +
    'exports, or correct the table of homes in test/architecture/dependency-law.mjs if the place has changed.',
  from: { path: '^src/', pathNot: home },
  to: { path: inPackages(packages) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'domain-keeps-to-its-context',
      comment:
        'A domain module knows its own context, domain/shared and its own ports. ' +
        'What another context or an outer layer has must come in as a value or through a port that you declare.',
      from: { path: '^src/domain/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/domain/($1|shared)/', '^src/ports/($1|system)\\.ts$'] },
    },
    {
      name: 'domain-needs-no-package',
      comment:
        'The domain is plain TypeScript: no package and nothing of Node, or it could not run everywhere and be tested ' +
        'with plain data. Declare a port in src/ports and let an adapter use the package.',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/', ...domainPackages.map((name) => inPackages([name]))] },
    },
    {
      name: 'ports-know-only-the-domain',
      comment:
        'A port speaks the language of the domain. A package, Node or an adapter in its signature ties all sides to it.',
      from: { path: '^src/ports/' },
      to: { pathNot: ['^src/domain/', '^src/ports/'] },
    },
    {
      name: 'ports-import-types-only',
      comment:
        'A port is an interface and runs nothing. Write `import type`, and move what has to run into the domain.',
      from: { path: '^src/ports/' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'ports-are-imported-as-types',
      comment:
        'There is nothing in a port to run. Write `import type`, and move a value that a port exports into the domain.',
      from: { path: '^src/', pathNot: '^src/ports/' },
      to: { path: '^src/ports/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-do-not-know-each-other',
      comment:
        'Adapters of different techniques are chosen and combined in entrypoints/composition. ' +
        'Take the other one in as a port through the constructor. What all clients of AWS share is in adapters/aws, and what adapters and entrypoints share in adapters/common.',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/($1|aws|common)/' },
    },
    {
      name: 'common-knows-no-adapter',
      comment: 'What adapters share stands by itself. What knows one of them belongs to that one.',
      from: { path: '^src/adapters/common/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/common/' },
    },
    {
      name: 'adapters-do-not-know-entrypoints',
      comment:
        'An adapter is given what it needs by its constructor; it does not reach for configuration or the container.',
      from: { path: '^src/adapters/' },
      to: { path: '^src/entrypoints/' },
    },
    {
      name: 'only-composition-knows-adapters',
      comment:
        'Which adapter stands behind a port is decided in entrypoints/composition, and entrypoints/config reads the ' +
        'settings of adapters. Everything else sees the port, and adapters/common, in which no technique is.',
      from: { path: '^src/', pathNot: '^src/(adapters|entrypoints/(composition|config))/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/common/' },
    },
    {
      name: 'functions-load-their-own-context',
      comment:
        'A function that serves one context imports the module of that context. The list of all contexts would load ' +
        'every adapter of every context at each cold start. Only the API function serves them all.',
      from: { path: '^src/entrypoints/lambda/', pathNot: '^src/entrypoints/lambda/api\\.ts$' },
      to: { path: '^src/entrypoints/composition/contexts\\.ts$', reachable: true },
    },
    ...vendorsStayHome,
    {
      name: 'package-without-a-home',
      comment:
        'Decide which folder wraps this package, and write it into the table of homes in test/architecture/dependency-law.mjs.',
      from: { path: '^src/' },
      to: { path: 'node_modules/', pathNot: [everyPackage, typePackages] },
    },
    {
      name: 'src-uses-runtime-packages',
      comment:
        'A package that src imports belongs into `dependencies` of package.json, or a production install lacks it.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: typePackages },
    },
    {
      name: 'src-stands-alone',
      comment: 'Tests, demos, benchmarks and scripts use src, never the other way round: they are not shipped.',
      from: { path: '^src/' },
      to: { path: '^(test|demo|bench|scripts)/' },
    },
    {
      name: 'no-cycles',
      comment: 'These modules need each other, so neither can be understood or loaded alone. Move the shared part out.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports this file and it imports nothing: delete it, or use it.',
      from: { orphan: true },
      to: {},
    },
    {
      name: 'imports-resolve',
      comment: 'This import leads nowhere: correct the path, or install the package.',
      from: {},
      to: { couldNotResolve: true },
    },
  ].map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    // Type imports are dependencies too; without this the law would not see them.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // The dashboard runs in a browser and is served as it is.
    exclude: { path: '^src/entrypoints/http/dashboard/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
