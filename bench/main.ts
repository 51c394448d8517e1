const benches = [
  'access',
  'conversions',
  'disk',
  'flags',
  'flags-sockets',
  'idle-queues',
  'lambda-init',
  'limits-hook',
  'tasks-drain',
  'tasks-order',
  'tasks-units',
  'votes-units',
];

/** Runs the bench that the first argument names; the rest is its own. */
const [name = ''] = process.argv.splice(2, 1);
if (benches.includes(name)) await import(`./${name}.ts`);
else {
  console.error(`There is no bench "${name}". There is: ${benches.join(', ')}.`);
  process.exitCode = 2;
}
