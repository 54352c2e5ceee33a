import { measureAgent } from './agent.ts';
import { figureTable } from './figures.ts';
import { inNamespace, ownNamespace } from './namespaces.ts';
import { DEFAULT_SHAPE } from './shape.ts';

/**
 * What the agent takes on this machine's kernel, in a network namespace of its own:
 * `node --expose-gc agent-run.js [PODS [POLICIES]]`, as root. Prints a table.
 */
const LOCAL_PODS = 110;
const NAMESPACES = 10;

function main(): number {
  const [pods = 10_000, policies = 1000] = process.argv.slice(2).map(Number);
  if (ownNamespace === undefined) return inNamespace();
  const shape = {
    ...DEFAULT_SHAPE,
    namespaces: NAMESPACES,
    pods: pods / NAMESPACES,
    policies: policies / NAMESPACES,
    replicas: 10,
    podsPerNode: LOCAL_PODS,
    podsSelected: 2,
    peerPods: 10,
    peerNamespaces: 3,
    denyAll: true,
  } as const;
  void measureAgent(`${pods} pods, ${policies} policies`, shape).then((lines) => {
    process.stdout.write(figureTable(lines));
    process.exit(0);
  });
  return 0;
}

process.exitCode = main();
