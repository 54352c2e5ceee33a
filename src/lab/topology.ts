import { familyOf, hostCidr } from './addresses.ts';
import type { LabPlan } from './model.ts';
import { outsideNamespace, routerNamespace } from './names.ts';

/** What stands in one namespace, as the words of `ip` after its verb: `addr` and `10.0.0.1/32 dev eth0`. */
export interface NamespaceLayout {
  readonly routes: boolean;
  /** Each `object rest`, as in `ip OBJECT add REST` and `ip OBJECT del REST`. */
  readonly settings: ReadonlySet<string>;
}

/** A pair of devices. `near` is always on the side of the router. */
interface Link {
  readonly namespace: string;
  readonly device: string;
  readonly far: string;
}

/** The network of a lab as data. */
export interface Topology {
  readonly namespaces: ReadonlyMap<string, NamespaceLayout>;
  /** By the name of the far namespace, which has one device. */
  readonly links: ReadonlyMap<string, Link>;
}

/** The device of everything that is not a router. */
const DEVICE = 'eth0';
const NEAR_MAC = '0a:58:00:00:00:01';
const FAR_MAC = '0a:58:00:00:00:02';
// Next hops that nobody answers for: each link knows the other end's hardware address, so nothing is ever looked up.
const NEAR = { IPv4: '169.254.1.1', IPv6: 'fe80::1' };
const FAR = { IPv4: '169.254.1.2', IPv6: 'fe80::2' };
const FAMILIES = ['IPv4', 'IPv6'] as const;
/** Of a router, towards the world. */
const OUTSIDE_DEVICE = 'outside';

/** The namespaces, devices, addresses and routes of a plan. Pods hang on nodes, nodes and the outside on one router. */
export function layOut(plan: LabPlan): Topology {
  const router = routerNamespace(plan.name);
  const outside = outsideNamespace(plan.name);
  const settings = new Map<string, Set<string>>();
  const routing = new Set<string>([router]);
  const links = new Map<string, Link>();
  const say = (namespace: string, ...lines: string[]): void => {
    const known = settings.get(namespace) ?? new Set();
    for (const line of lines) known.add(line);
    settings.set(namespace, known);
  };
  const link = (namespace: string, device: string, far: string): void => {
    links.set(far, { namespace, device, far });
    for (const family of FAMILIES) {
      say(far, `neigh ${NEAR[family]} lladdr ${NEAR_MAC} dev ${DEVICE} nud permanent`);
      say(far, `route default via ${NEAR[family]} dev ${DEVICE} onlink`);
      say(namespace, `neigh ${FAR[family]} lladdr ${FAR_MAC} dev ${device} nud permanent`);
    }
  };
  const reach = (namespace: string, address: string, device: string): void =>
    say(namespace, `route ${hostCidr(address)} via ${FAR[familyOf(address)]} dev ${device} onlink`);

  say(router);
  link(router, OUTSIDE_DEVICE, outside);
  for (const family of FAMILIES) say(router, `route default via ${FAR[family]} dev ${OUTSIDE_DEVICE} onlink`);
  for (const address of plan.outside) say(outside, addressOn(address, 'lo'));
  for (const node of plan.nodes) {
    const device = `node${node.slot}`;
    routing.add(node.namespace);
    link(router, device, node.namespace);
    for (const address of node.addresses) {
      say(node.namespace, addressOn(address, DEVICE));
      reach(router, address, device);
    }
  }
  const nodes = new Map(plan.nodes.map((node) => [node.name, node]));
  for (const pod of plan.pods) {
    const node = nodes.get(pod.node);
    if (pod.hostNetwork || node === undefined) continue;
    const device = `pod${pod.slot}`;
    link(node.namespace, device, pod.namespace);
    for (const address of pod.addresses) {
      say(pod.namespace, addressOn(address, DEVICE));
      reach(node.namespace, address, device);
      reach(router, address, `node${node.slot}`);
    }
  }
  return {
    namespaces: new Map(
      Array.from(settings, ([name, lines]) => [name, { routes: routing.has(name), settings: lines }]),
    ),
    links,
  };
}

/** The line that gives an address to the outside; with its verb as in {@link TopologyChange}. */
export function outsideAddress(address: string): string {
  return command(addressOn(address, 'lo'), 'add');
}

function addressOn(address: string, device: string): string {
  // Nobody else can have the address: asking around would only delay it.
  return `addr ${hostCidr(address)} dev ${device}${familyOf(address) === 'IPv6' ? ' nodad' : ''}`;
}

/** What turns one topology into another, in the order in which it is to be done. */
export interface TopologyChange {
  /** Namespaces that are to be made, with whether each routes. */
  readonly added: readonly { readonly name: string; readonly routes: boolean }[];
  /** Lines of `ip -force -batch` by namespace: what goes may be gone already. */
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly removed: readonly string[];
  /** Lines of `ip -batch` by namespace: devices first everywhere, then the rest. */
  readonly devices: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
}

const NOTHING: Topology = { namespaces: new Map(), links: new Map() };

/** @param old what is there; absent: nothing */
export function topologyChange(wanted: Topology, old: Topology = NOTHING): TopologyChange {
  const before = new Map<string, string[]>();
  const devices = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, namespace: string, ...lines: string[]): void => {
    const known = to.get(namespace) ?? [];
    known.push(...lines);
    to.set(namespace, known);
  };
  const isNew = (link: Link | undefined): boolean => {
    const known = link === undefined ? undefined : old.links.get(link.far);
    return known === undefined || known.device !== link?.device || known.namespace !== link.namespace;
  };
  // A namespace whose device moves is made anew: nothing of its former place stays.
  const remade = new Set(
    [...wanted.links.values()].filter((link) => old.links.has(link.far) && isNew(link)).map(({ far }) => far),
  );
  const gone = [...old.namespaces.keys()].filter((name) => !wanted.namespaces.has(name) || remade.has(name));
  const added = [...wanted.namespaces].filter(([name]) => !old.namespaces.has(name) || remade.has(name));
  const fresh = new Set(added.map(([name]) => name));

  for (const [name, { settings }] of old.namespaces) {
    if (gone.includes(name)) continue;
    const keeps = wanted.namespaces.get(name)?.settings;
    const lines = [...settings].filter((line) => keeps?.has(line) !== true);
    if (lines.length > 0) add(before, name, ...lines.map((line) => command(line, 'del')));
  }
  for (const link of old.links.values()) {
    if (gone.includes(link.far) && !gone.includes(link.namespace))
      add(before, link.namespace, `link del ${link.device}`);
  }
  for (const [name, { settings }] of wanted.namespaces) {
    const had = fresh.has(name) ? undefined : old.namespaces.get(name)?.settings;
    if (fresh.has(name)) add(devices, name, 'link set lo up');
    const lines = [...settings].filter((line) => had?.has(line) !== true);
    if (lines.length > 0) add(after, name, ...lines.sort(bySetting).map((line) => command(line, 'add')));
  }
  for (const link of wanted.links.values()) {
    if (!fresh.has(link.far) && !isNew(link)) continue;
    const { namespace, device, far } = link;
    add(
      devices,
      namespace,
      `link add ${device} address ${NEAR_MAC} type veth peer name ${DEVICE} address ${FAR_MAC} netns ${far}`,
    );
    add(devices, namespace, `link set ${device} addrgenmode none`, `link set ${device} up`);
    const own = after.get(far) ?? [];
    after.set(far, [`link set ${DEVICE} addrgenmode none`, `link set ${DEVICE} up`, ...own]);
  }
  return {
    added: added.map(([name, { routes }]) => ({ name, routes })),
    before,
    removed: gone,
    devices,
    after,
  };
}

/** Addresses first: routes prefer them as sources. Neighbours before the routes through them. */
function bySetting(a: string, b: string): number {
  return rank(a) - rank(b);
}

function rank(line: string): number {
  return ['addr', 'neigh', 'route'].indexOf(line.slice(0, line.indexOf(' ')));
}

function command(line: string, verb: 'add' | 'del'): string {
  const space = line.indexOf(' ');
  const object = line.slice(0, space);
  // An address may be there already: probes give some to the outside.
  return `${object} ${object === 'addr' && verb === 'add' ? 'replace' : verb} ${line.slice(space + 1)}`;
}
