import type { Sentences } from '../../../src/model/say.ts';

/**
 * What the analysis says, in Simplified Chinese, by what it says in English. Sentences of the API server are not here: they are
 * shown as it writes them, to be found again in its own answers.
 */
export const zhSentences: Sentences = {
  // Words of several sentences
  ingress: '入站',
  egress: '出站',
  pods: 'Pod',
  nobody: '没有任何对端',
  none: '没有这些标签',
  ' or ': ' 或 ',
  ' on {0}': '，端口 {0}',
  'the port': '该端口',
  'no port': '没有端口',
  'every port': '所有端口',
  'every {0} port': '所有 {0} 端口',
  'every peer': '所有对端',
  'every pod': '所有 Pod',
  'all pods': '所有 Pod',
  'all nodes': '所有节点',
  'every namespace': '所有命名空间',
  'every pod of the namespace': '该命名空间的所有 Pod',
  'of any name': '（任意）',
  'pods {0}': 'Pod {0}',
  'nodes {0}': '节点 {0}',
  'domain {0}': '域名 {0}',
  'domains {0}': '域名 {0}',
  'networks {0}': '网段 {0}',
  'priority {0}': '优先级 {0}',
  'no label {0}': '没有标签 {0}',
  'of namespace {0}': '命名空间 {0} 的',
  'of namespaces {0}': '带 {0} 的命名空间的',
  'of every namespace': '所有命名空间的',
  '{0} of namespace {1}': '命名空间 {1} 的{0}',
  '{0} of namespaces {1}': '带 {1} 的命名空间的{0}',
  '{0} of every namespace': '所有命名空间的{0}',
  '{0} except {1}': '{0}（{1} 除外）',
  '{0} on {1}': '{0}，端口 {1}',
  '{0} to {1} on {2}': '{0} 到 {1}，端口 {2}',
  '{0} and {1}': '{0} 和 {1}',
  '{0} and {1} more': '{0} 以及另外 {1} 个',
  '{0} more': '另外 {0} 个',
  '{0} of {1}': '{1} 的{0}',
  '{0} rule {1}': '{0}规则 {1}',
  'rule {0} of {1}': '{1} 的规则 {0}',
  '{0} rule {1}{2} of {3}': '{3} 的{0}规则 {1}{2}',
  '{0} rule {1} of {2}{3}': '{2}{3} 的{0}规则 {1}',
  '{0} rule {1} {2}': '{0}规则 {1} {2}',
  'an unknown end': '未知的一端',
  'a pod of {0}': '{0} 的某个 Pod',
  'an end outside the pods': 'Pod 之外的一端',
  'ICMP or another protocol without ports': 'ICMP 或其他没有端口的协议',
  'did you mean {0}?': '是否想写 {0}？',
  'did you mean {0} of {1}?': '是否想写 {1} 的 {0}？',
  'did you mean apiVersion: {0}?': '是否想写 apiVersion: {0}？',
  'put it under {0}': '应放在 {0} 之下',
  'write {0}': '应写成 {0}',
  'write "{0}"': '应写成 "{0}"',

  // Notes of verdicts
  '{0} may be any pod that the input does not hold; --ingress-controller says which':
    '{0} 可能是输入中没有的任何 Pod；用 --ingress-controller 指明是哪些',
  'not every case is alike: see the cases': '各种情形的结果不一：请看各种情形',
  'no pod is at either end: network policies say nothing of this connection (S11)':
    '两端都不是 Pod：网络策略不管这样的连接（S11）',
  'the addresses of {0} are not known: of the rules for addresses, only those for every address count; --resolve gives them':
    '不知道 {0} 的地址：针对地址的规则中，只有针对所有地址的才算数；可用 --resolve 给出地址',
  '{0} has no container port named {1}/{2}': '{0} 没有名为 {1}/{2} 的容器端口',
  '{0} has no container port named {1}': '{0} 没有名为 {1} 的容器端口',
  '{0} and {1} have no address family in common': '{0} 与 {1} 没有共同的地址族',
  'judged between two pods of {0}; a pod always reaches itself (S15)':
    '按 {0} 的两个不同 Pod 判定；Pod 总能连到自己（S15）',
  'the two directions have no port in common: egress {0}, ingress {1}': '两个方向没有共同的端口：出站 {0}，入站 {1}',
  '{0} is where connections come from, not where they go': '{0} 只能是连接的源，不能是目标',
  '{0} is a domain name: policies know those as destinations only': '{0} 是域名：在策略中域名只能是目标',
  '{0} has the same priority {1} as {2} in {3} rule {4} of {5} {6}, and both match {7} -> {8}: which one holds is undefined; here {9} goes first, by name':
    '{0} 的优先级 {1} 与 {5} {6} 的{3}规则 {4} 中的 {2} 相同，而且两者都匹配 {7} -> {8}：以哪个为准没有规定；这里按名称以 {9} 为先',
  '{0} {1} has the same priority {2} as {3} {4}, and its {5} rule {6} says {7} where rule {8} of the other says {9}: which one holds is undefined; here {10} goes first, by name':
    '{0} {1} 的优先级 {2} 与 {3} {4} 相同，其{5}规则 {6} 为 {7}，而另一方的规则 {8} 为 {9}：以哪个为准没有规定；这里按名称以 {10} 为先',
  'give the two policies different priorities': '给两条策略不同的优先级',

  // What would turn an answer around
  'both directions need a change': '两个方向都需要修改',
  'add {0} to {1}': '将 {0} 加入 {1}',
  'add an ingress rule to {0}: from {1}{2}': '为 {0} 增加一条入站规则：来自 {1}{2}',
  'add an egress rule to {0}: to {1}{2}': '为 {0} 增加一条出站规则：到 {1}{2}',
  'take {0} out of the except list of {1}{2}': '将 {0} 从 {1}{2} 的 except 列表中去掉',
  'take peer {0} out of {1}': '从 {1} 中去掉对端 {0}',
  'take its Service out of {0}': '从 {0} 中去掉它的 Service',
  'remove {0}': '删除 {0}',
  'remove {0}, and every other rule that admits it': '删除 {0}，以及其他放行此流量的规则',
  'put an {0} rule for {1}{2} before {3}': '在 {3} 之前放一条针对 {1}{2} 的 {0} 规则',
  'put a {0} rule for {1}{2} before {3}': '在 {3} 之前放一条针对 {1}{2} 的 {0} 规则',
  'add a NetworkPolicy to namespace {0} that selects {1}': '在命名空间 {0} 中增加一条选中 {1} 的 NetworkPolicy',
  '{0} for {1} and does not admit this: a NetworkPolicy overrides the Baseline tier':
    '{0}，针对{1}且不放行此流量：NetworkPolicy 优先于 Baseline 层',
  '{0} and admits egress to {1}{2}: a NetworkPolicy overrides the Baseline tier (and refuses every other egress that none admits)':
    '{0}，并放行到 {1}{2} 的出站：NetworkPolicy 优先于 Baseline 层（并拒绝其他没有规则放行的出站）',
  '{0} and admits ingress from {1}{2}: a NetworkPolicy overrides the Baseline tier (and refuses every other ingress that none admits)':
    '{0}，并放行来自 {1}{2} 的入站：NetworkPolicy 优先于 Baseline 层（并拒绝其他没有规则放行的入站）',
  'an Ingress or a route of a Gateway that leads to a Service of {0} with this port':
    '增加一条 Ingress 或 Gateway 路由，通过此端口指向 {0} 的 Service',
  'a peer that selects {0}': '选中 {0} 的对端',
  'ipBlocks with the addresses of {0}': '含有 {0} 的地址的 ipBlock',
  'an ipBlock with an address of {0}': '含有 {0} 的一个地址的 ipBlock',
  'namespaceSelector kubernetes.io/metadata.name={0} with {1}':
    'namespaceSelector kubernetes.io/metadata.name={0} 连同 {1}',
  'no policy can refuse the {0} of {1} here': '这里没有策略能拒绝 {1} 的{0}',
  'no NetworkPolicy can refuse the egress of {0} here; a Deny rule of the Admin tier for nodes or networks can':
    '这里没有 NetworkPolicy 能拒绝 {0} 的出站；Admin 层针对节点或网段的 Deny 规则可以',
  'no NetworkPolicy can refuse the ingress of {0} here': '这里没有 NetworkPolicy 能拒绝 {0} 的入站',
  'no NetworkPolicy isolates {0} for {1}: add one to namespace {2} that selects {3} and does not admit this':
    '没有 NetworkPolicy 隔离 {0} 的{1}：在命名空间 {2} 中增加一条选中 {3} 且不放行此流量的策略',
  'no NetworkPolicy can allow it: the Admin tier comes first': '没有 NetworkPolicy 能放行它：Admin 层在先',
  'no NetworkPolicy can refuse the {0} here: an Admin Accept cannot be overridden by NetworkPolicies':
    '这里没有 NetworkPolicy 能拒绝{0}：NetworkPolicy 不能推翻 Admin 层的 Accept',

  // Steps of reasoning, and what is said of lines
  'admits it': '放行此流量',
  'accepts it': '接受此流量',
  'denies it': '拒绝此流量',
  'passes it on': '将此流量交给下一层',
  'accepts {0}': '接受 {0}',
  'denies {0}': '拒绝 {0}',
  'passes on {0}': '交给下一层的是 {0}',
  'a peer that this version cannot read': '此版本读不懂的对端',
  '{0} tier: {1} nearly matches: {2}.': '{0} 层：{1} 差一点匹配：{2}。',
  '{0} tier: {1} comes first and nearly matches: {2}.': '{0} 层：{1} 在先，差一点匹配：{2}。',
  '{0} tier: the {1} rule of {2} does not match.': '{0} 层：{2} 的{1}规则不匹配。',
  '{0} tier: none of the {1} {2} rules of {3} matches.': '{0} 层：{3} 的 {1} 条{2}规则都不匹配。',
  '{0} tier: {1} {2}: {3}.': '{0} 层：{1} {2}：{3}。',
  'it matches': '它匹配',
  'this version cannot read its peer {0}{1}, and such a {2} rule denies everything':
    '此版本读不懂它的对端 {0}{1}，而这样的 {2} 规则拒绝一切',
  'it names no ports, so it is for every port': '它没有写端口，因此针对所有端口',
  'the port is one of its ports': '该端口在其端口之列',
  'its peer {0} is {1}, and {2}; {3}': '其对端 {0} 是 {1}，{2}；{3}',
  'its peer {0} is {1}, and {2} is one of them': '其对端 {0} 是 {1}，{2} 在其中',
  '{0} is one of them': '{0} 在其中',
  '{0} may have an address there': '{0} 可能有其中的地址',
  'matches {0}': '匹配 {0}',
  'matches the port': '匹配该端口',
  'selects all pods': '选中所有 Pod',
  'selects {0}': '选中 {0}',
  'selects {0}, and no rule admits this': '选中 {0}，而没有规则放行此流量',
  'admits the port': '放行该端口',
  'admits everything': '放行一切',
  '{0} is isolated for {1} by {2}: only what their rules admit passes.':
    '{0} 的{1}被 {2} 隔离：只有其规则放行的流量才能通过。',
  'The Baseline tier is not asked: it is for pods that no NetworkPolicy isolates.':
    '不问 Baseline 层：它只管没有被 NetworkPolicy 隔离的 Pod。',
  '{0} connects to what an Ingress or a route of a Gateway names: none leads to {1} there.':
    '{0} 只连到 Ingress 或 Gateway 路由所指向的目标：没有一条指向 {1} 的这里。',
  '{0} leads to port {1} of Service {2}, and that to {3}.': '{0} 指向 Service {2} 的端口 {1}，后者指向 {3}。',
  ', though {0} is isolated for {1} by {2}': '（尽管 {0} 的{1}被 {2} 隔离）',
  'NetworkPolicies are not asked{0}: the Admin tier comes first.': '不问 NetworkPolicy{0}：Admin 层在先。',
  'A pod always reaches itself, whatever the policies say.': 'Pod 总能连到自己，不论策略如何。',
  'Traffic between a pod and the node it runs on is always allowed, whatever NetworkPolicies say.':
    'Pod 与其所在节点之间的流量总是允许的，不论 NetworkPolicy 如何。',
  '{0} is not a pod of the cluster network: policies do not limit its {1}.':
    '{0} 不是集群网络中的 Pod：策略不限制它的{1}。',
  'it may connect to everything': '它可以连到任何地方',
  'everything may connect to it': '任何一方都可以连到它',
  'No NetworkPolicy selects {0} for {1}: {2}.': '没有 NetworkPolicy 选中 {0} 的{1}：{2}。',
  ', so the Baseline tier is asked': '，因此问 Baseline 层',
  'No NetworkPolicy isolates {0} for {1}{2}.': '没有 NetworkPolicy 隔离 {0} 的{1}{2}。',
  'No policy decides: what none decides is allowed.': '没有策略作出决定：无人决定的就是允许的。',
  'it names no peers, so it is for everybody': '它没有写对端，因此针对所有对端',
  '{0} admits it: {1}; {2}.': '{0} 放行此流量：{1}；{2}。',
  '{0} has no {1} rules: it admits nothing.': '{0} 没有{1}规则：它什么也不放行。',
  '{0} is for others: it admits {1}; {2} is none of them.': '{0} 针对别的对端：它放行 {1}；{2} 不在其中。',
  '{0} nearly matches: {1}.': '{0} 差一点匹配：{1}。',
  'None of the other {0} rules matches either.': '其余 {0} 条规则也都不匹配。',

  // What keeps a rule from matching
  'allows {0}, not {1}/{2}': '放行 {0}，而不是 {1}/{2}',
  'allows {0}, not ICMP and protocols without ports': '放行 {0}，而不是 ICMP 及没有端口的协议',
  '{0}: {1} has no container port {2}': '{0}：{1} 没有容器端口 {2}',
  '{0}: {1} has no container port named {2}': '{0}：{1} 没有名为 {2} 的容器端口',
  '{0} is {1} there': '{0} 在那里是 {1}',
  '{0} is inside except {1} of {2}': '{0} 在 {2} 的 except {1} 之内',
  'allows {0}, which does not hold {1}': '放行 {0}，其中没有 {1}',
  'allows pods {0}; this pod has {1}': '放行带 {0} 的 Pod；此 Pod 的标签是 {1}',
  'allows {0} of namespace {1} only, not of {2}': '只放行命名空间 {1} 的{0}，而不是 {2} 的',
  'allows {0} of namespaces {1}; namespace {2} has {3}': '放行带 {1} 的命名空间的{0}；命名空间 {2} 的标签是 {3}',
  'allows {0} {1} only; whether it is one of them is not known': '只放行{1}{0}；它是否在其中不得而知',
  '{0}, not ICMP and protocols without ports': '{0}，而不是 ICMP 及没有端口的协议',
  '{0}, not {1}/{2}': '{0}，而不是 {1}/{2}',
  '{0}, not {1}': '{0}，而不是 {1}',
  '{0}, which does not hold {1}': '{0}，其中没有 {1}',
  'nodes {0}; node {1} has {2}': '节点 {0}；节点 {1} 的标签是 {2}',
  '{0}; this pod has {1}': '{0}；此 Pod 的标签是 {1}',
  '{0} of namespaces {1}; namespace {2} has {3}': '带 {1} 的命名空间的{0}；命名空间 {2} 的标签是 {3}',
  'all pods, but a hostNetwork pod is its node, which pod selectors never match':
    '所有 Pod，但 hostNetwork 的 Pod 就是其节点，Pod 选择器从不匹配节点',
  'a peer has fields that this version does not know, and an Accept rule with such a peer matches nothing':
    '有一个对端带有此版本不认识的字段，带有这种对端的 Accept 规则什么也不匹配',
  'a peer has the field {0} that this version does not know, and an Accept rule with such a peer matches nothing':
    '有一个对端带有此版本不认识的字段 {0}，带有这种对端的 Accept 规则什么也不匹配',

  // Questions that cannot be answered
  '"{0}" is not a port: write 80, 80/TCP, 8000-8080/UDP or a port name':
    '“{0}”不是端口：可以写 80、80/TCP、8000-8080/UDP 或端口名称',
  '"{0}" is not a protocol: use TCP, UDP or SCTP': '“{0}”不是协议：可以用 TCP、UDP 或 SCTP',
  '"{0}" is out of range: ports are 1 to 65535': '“{0}”超出范围：端口是 1 到 65535',
  '"{0}" ends before it begins': '“{0}”的末端在开端之前',
  'every address of {0} belongs to a known pod or node: name that instead':
    '{0} 的每个地址都属于已知的 Pod 或节点：请改用其名称',
  '"{0}" is a Service: policies speak of the pods behind it, name one of those':
    '“{0}”是 Service：策略说的是它后面的 Pod，请写其中一个',
  'no namespace "{0}" in the input': '输入中没有命名空间“{0}”',
  '"{0}" is the name of several workloads: say which kind': '有几个工作负载名为“{0}”：请写明类型',
  'no policy names the domain "{0}", and --resolve gives no address of it':
    '没有策略提到域名“{0}”，--resolve 也没有给出它的地址',
  'no pod, workload or node "{0}" in the input': '输入中没有名为“{0}”的 Pod、工作负载或节点',
  '"{0}" is not an ingress controller: write NAMESPACE, NAMESPACE/NAME, or NAMESPACE/LABEL=VALUE,…':
    '“{0}”不是 Ingress 控制器：可以写 NAMESPACE、NAMESPACE/NAME 或 NAMESPACE/LABEL=VALUE,…',
  '"{0}" is no workload of the cluster': '“{0}”不是集群中的工作负载',
  'policies tell pods of "{0}" apart: name one pod': '策略对“{0}”的各个 Pod 有区别：请写其中一个',

  // Selectors as they are typed, and forms
  'cannot read {0} in selector {1}': '看不懂选择器 {1} 中的 {0}',
  'nothing after the last comma of selector {0}': '选择器 {0} 的最后一个逗号之后没有内容',
  'invalid label key {0}: {1}': '无效的标签键 {0}：{1}',
  'invalid label value {0}: {1}': '无效的标签值 {0}：{1}',
  'choose ingress, egress or both': '请选择入站、出站或两者',

  // Warnings about the state
  'no pod has a container port named "{0}" for {1}: the name matches nothing':
    '没有 Pod 带有名为“{0}”的 {1} 容器端口：该名称什么也不匹配',
  '{0} holds a part of the pod range only: pods of unknown address do not match it':
    '{0} 只含 Pod 地址范围的一部分：地址未知的 Pod 不与它匹配',

  // Lint: address blocks
  'has bits set beyond its prefix': '在前缀之外还有置位的比特',
  'has leading zeros': '带有前导零',
  'is an IPv4 block in the notation of IPv6': '是用 IPv6 写法表示的 IPv4 网段',
  'is not in canonical form': '不是规范写法',
  'it means {0}': '它的意思是 {0}',
  'it means {0}, and newer servers refuse it': '它的意思是 {0}，而较新的服务器会拒绝它',
  'write {0}; for the one address, write {1}': '应写成 {0}；只指这一个地址时写 {1}',
  'the exceptions leave nothing of {0}: the peer matches no address': 'except 把 {0} 全部排除了：该对端不匹配任何地址',
  'an exception is a hole in its own block; it takes nothing away from other peers':
    'except 只从自己的网段中排除，不影响其他对端',
  '{0}: the rule {1}': '{0}：该规则{1}',
  'the blocks of the rule together hold every {0} address': '该规则的各网段合起来包含所有 {0} 地址',
  'this holds every {0} address': '这包含所有 {0} 地址',
  'lets in traffic from the whole internet and all pods and nodes': '放行来自整个互联网以及所有 Pod 和节点的流量',
  'lets out traffic to the whole internet and all pods and nodes': '放行到整个互联网以及所有 Pod 和节点的流量',
  'name the blocks that are meant, or take private ranges out with except':
    '写出真正要放行的网段，或用 except 排除私有网段',
  '{0} lies in the range of pod addresses{1}: which pods it means changes as they come and go':
    '{0} 位于 Pod 地址范围之内{1}：它指哪些 Pod 会随 Pod 的来去而变',
  '{0} holds addresses of pods in this input{1}: it means them only as long as they keep these':
    '{0} 含有此输入中 Pod 的地址{1}：只在它们保持这些地址时才指它们',
  'select pods by their labels; ipBlock is for addresses outside the cluster':
    '应按标签选择 Pod；ipBlock 用于集群外部的地址',

  // Lint: defaults
  'today every pod is isolated': '目前每个 Pod 都被隔离',
  'not isolated today: {0}': '目前未隔离的有：{0}',
  'a new pod is open to everybody': '新的 Pod 对所有人开放',
  'a new pod may connect to everything': '新的 Pod 可以连到任何地方',
  'namespace {0} has no default deny for {1}: {2}; {3}': '命名空间 {0} 没有{1}的默认拒绝：{2}；{3}',
  'add a policy with podSelector: {}, policyTypes: [{0}] and no rules':
    '增加一条策略：podSelector: {}，policyTypes: [{0}]，不写规则',
  'to port 53 of anything': '任何一方的 53 端口',
  'to port 53 of {0}': '{0} 的 53 端口',
  '{0} may connect to what this admits, but not {1}: names cannot be looked up':
    '{0} 可以连到此处放行的目标，却不能连到{1}：无法解析名称',
  "add an egress rule for ports {0} to the cluster's name server": '增加一条到集群域名服务器的出站规则，端口 {0}',

  // Lint: form
  'policyTypes is left out, which means {0}: the default depends on the rules':
    '没有写 policyTypes，意思是 {0}：默认值取决于规则',
  'write policyTypes: [{0}]': '应写 policyTypes: [{0}]',
  'policyTypes does not name {0}: these {1} rules do nothing, and {2} stays unrestricted':
    'policyTypes 中没有 {0}：这些{1}规则不起作用，{2}不受限制',
  'add {0} to policyTypes, or remove the rules': '将 {0} 加入 policyTypes，或删除这些规则',
  'a podSelector without requirements selects every pod of the namespace':
    '没有条件的 podSelector 选中该命名空间的所有 Pod',
  'podSelector is left out: the policy selects every pod of the namespace':
    '没有写 podSelector：该策略选中该命名空间的所有 Pod',
  'write podSelector: {} where all pods are meant': '要指所有 Pod 时应写 podSelector: {}',
  'two peers: every pod of namespaces {0}, or pods {1} of namespace {2}':
    '这是两个对端：带 {0} 的命名空间的所有 Pod，或命名空间 {2} 的 Pod {1}',
  'two peers: every pod of namespaces {0}, or pods {1} of namespace {2}; in this input pods with these labels are in those namespaces only':
    '这是两个对端：带 {0} 的命名空间的所有 Pod，或命名空间 {2} 的 Pod {1}；在此输入中，带这些标签的 Pod 只在前者的命名空间中',
  'for pods {0} of those namespaces, remove the dash before podSelector: both belong to one peer':
    '若要指那些命名空间中的 Pod {0}，应去掉 podSelector 前的短横：两者属于同一个对端',
  'an empty from does not mean nobody: the rule lets traffic in from everywhere':
    '空的 from 不是“没有人”：该规则放行来自任何地方的流量',
  'an empty to does not mean nobody: the rule lets traffic out to everywhere':
    '空的 to 不是“没有人”：该规则放行到任何地方的流量',
  'leave {0} away where everybody is meant; a direction without rules denies everything':
    '要指所有对端时应不写 {0}；没有规则的方向拒绝一切',
  'an empty ports does not mean no port: the rule admits every port and protocol':
    '空的 ports 不是“没有端口”：该规则放行所有端口和协议',
  'leave ports away where every port is meant': '要指所有端口时应不写 ports',
  'an empty namespaceSelector matches every namespace: the peer is every pod of the cluster':
    '空的 namespaceSelector 匹配所有命名空间：该对端是集群的所有 Pod',
  'for the own namespace, write podSelector: {}': '要指本命名空间时应写 podSelector: {}',
  'a {0} without requirements matches {1}': '没有条件的 {0} 匹配{1}',
  'write {} where everything is meant': '要指全部时应写 {}',

  // Lint: selectors that stand in the wrong place
  '{0} stands directly in the peer, where it is dropped': '{0} 直接写在对端中，会被丢弃',
  'a port is named by port: itself': '端口的名称直接写在 port: 里',
  'ports: belongs to the rule, beside from: or to:': 'ports: 属于规则，与 from: 或 to: 并列',
  'an ingress rule names its peers under {0}': '入站规则的对端写在 {0} 之下',
  'an egress rule names its peers under {0}': '出站规则的对端写在 {0} 之下',
  'an ingress rule has no such peers': '入站规则没有这种对端',
  'in this version a rule names its ports under {0}': '在此版本中，规则的端口写在 {0} 之下',
  'networking.k8s.io/v1 has {0}': 'networking.k8s.io/v1 的写法是 {0}',
  'put it under podSelector: or namespaceSelector:': '应放在 podSelector: 或 namespaceSelector: 之下',
  '{0} stands directly in the {1}, where it is dropped: the selector matches more than it says':
    '{0} 直接写在 {1} 中，会被丢弃：该选择器匹配的比它写的更多',
  'put labels under matchLabels:': '标签应放在 matchLabels: 之下',

  // Lint: ports
  'there the name belongs to {0}: say so with protocol:': '那里该名称属于 {0}：请用 protocol: 写明',
  'a name is that of a container port of the destination pod; a name that is not there matches no port':
    '名称是目标 Pod 的容器端口的名称；那里没有的名称不匹配任何端口',
  '{0} has a {1} port named {2}: the entry admits nothing there':
    '{0}都没有名为 {2} 的 {1} 端口：此条目在那里什么也不放行',
  'none of the selected pods ({0})': '被选中的 Pod（{0}）',
  'none of the named pods ({0})': '所指的 Pod（{0}）',
  '{0} declares {1}; they declare {2}': '{0}都没有声明 {1}；它们声明的是 {2}',
  'a policy sees the port of the pod, not that of a Service': '策略看到的是 Pod 的端口，而不是 Service 的端口',

  // Lint: what could be left out
  'redundant in this input: it admits everything, and nothing else isolates the pods that it selects':
    '在此输入中多余：它放行一切，而它选中的 Pod 没有被别的策略隔离',
  'redundant in this input: {0} isolates the same pods and admits all that it does':
    '在此输入中多余：{0} 隔离同样的 Pod，并放行它所放行的一切',
  'redundant in this input: {0} isolate the same pods and admit all that it does':
    '在此输入中多余：{0} 隔离同样的 Pod，并放行它所放行的一切',
  'without it the same connections are allowed': '没有它，允许的连接也一样',
  'in this input the rule admits nothing: no pair of pods or addresses that it is for has such a port':
    '在此输入中该规则什么也不放行：它所针对的 Pod 或地址都没有这样的端口',
  'without effect in this input: cluster-wide policies decide all that it admits before it is asked':
    '在此输入中不起作用：它所放行的一切，集群级策略都已先作决定',
  'other rules together admit all that it does': '其他规则合起来放行它所放行的一切',
  '{0} admits all that it does': '{0} 放行它所放行的一切',
  '{0} admit all that it does': '{0} 放行它所放行的一切',
  'redundant, whatever pods there are: {0}': '不论有哪些 Pod 都是多余的：{0}',
  'redundant in this input: {0}': '在此输入中多余：{0}',
  'says the same as {0}': '与 {0} 说的相同',
  'without one of the two the same connections are allowed': '去掉两者之一，允许的连接也一样',
  'peer {0} of the same rule covers this one': '同一规则的对端 {0} 已涵盖此项',
  'port {0} of the same rule covers this one': '同一规则的端口 {0} 已涵盖此项',

  // Lint: ways in from outside
  'leads to {0} on {1}, whose policies do not let an ingress controller in: {2}':
    '指向 {0} 的 {1}，而其策略不让 Ingress 控制器进来：{2}',
  'admit its pods there on {0}; --ingress-controller says which pods they are':
    '在那里对其 Pod 放行 {0}；用 --ingress-controller 指明是哪些 Pod',
  'leads to {0} on {1}, whose policies do not let anybody outside in: {2}':
    '指向 {0} 的 {1}，而其策略不让外部任何人进来：{2}',
  'admit an ipBlock there on {0}, or make the Service a ClusterIP':
    '在那里对某个 ipBlock 放行 {0}，或把 Service 改为 ClusterIP',
  'a cluster-wide policy denies it': '集群级策略拒绝它',
  'isolated by {0}': '被 {0} 隔离',
  'there is no such Service in this input': '此输入中没有这个 Service',
  'the Service has no such port': '该 Service 没有这个端口',
  'no pod of this input is behind that port': '此输入中没有 Pod 在该端口后面',
  'no ReferenceGrant of that namespace allows it': '那个命名空间没有 ReferenceGrant 允许它',
  'Service {0}, port {1}: {2}': 'Service {0}，端口 {1}：{2}',

  // Lint: what selectors find
  'no pod of namespace {0} in this input is there to select': '此输入的命名空间 {0} 中没有 Pod 可选',
  'no pod of namespace {0} in this input has {1}': '此输入的命名空间 {0} 中没有 Pod 带有 {1}',
  '; {0} is on the host network, which policies do not select': '；{0} 使用主机网络，策略不选中它',
  '; {0} are on the host network, which policies do not select': '；{0} 使用主机网络，策略不选中它们',
  'the policy has no effect until such a pod is there': '在有这样的 Pod 之前，该策略不起作用',
  'a policy selects pods of its own namespace only; elsewhere there is {0}': '策略只选中本命名空间的 Pod；在别处有 {0}',
  'no pod of this input has an {0} address: the block matches nothing':
    '此输入中没有 Pod 带有 {0} 地址：该网段什么也不匹配',
  'no namespace of this input has {0}: the peer matches nothing': '此输入中没有命名空间带有 {0}：该对端什么也不匹配',
  'there is no pod {0} in this input: the peer matches nothing': '此输入中没有{0} Pod：该对端什么也不匹配',
  'no pod {0} in this input has {1}: the peer matches nothing': '此输入中没有{0} Pod 带有 {1}：该对端什么也不匹配',
  '{0} has these labels, in another namespace': '{0} 带有这些标签，但在另一个命名空间中',
  '{0} have these labels, in another namespace': '{0} 带有这些标签，但在另一个命名空间中',
  'no pod of this input is {0}': '此输入中没有{0} Pod',
  'no pod of this input is {0}: the peer matches nothing': '此输入中没有{0} Pod：该对端什么也不匹配',
  'in any namespace': '任何命名空间中的',
  'in a namespace with {0}': '在带 {0} 的命名空间中的',
  'one with {0} {1}': '{1}带有 {0} 的',
  'none of the pods of this input has a label {0}, but {1} is in use': '此输入中没有 Pod 带有标签 {0}，但有用到 {1}',
  'none of the namespaces of this input has a label {0}, but {1} is in use':
    '此输入中没有命名空间带有标签 {0}，但有用到 {1}',
  'none of the pods of this input has {0}={1}, but {2}={3} is in use':
    '此输入中没有 Pod 带有 {0}={1}，但有用到 {2}={3}',
  'none of the namespaces of this input has {0}={1}, but {2}={3} is in use':
    '此输入中没有命名空间带有 {0}={1}，但有用到 {2}={3}',

  // Lint: tiers, suppression
  'never reached, whatever pods there are: rule {0} decides all that it matches':
    '不论有哪些 Pod 都轮不到它：它所匹配的一切，规则 {0} 都已决定',
  'put the narrower rule first': '应把较窄的规则放在前面',
  'never reached in this input: {0} decides all that it matches': '在此输入中轮不到它：它所匹配的一切，{0} 都已决定',
  'never reached in this input: {0} decide all that it matches': '在此输入中轮不到它：它所匹配的一切，{0} 都已决定',
  'the first rule that matches decides; lower priorities go first': '由第一条匹配的规则决定；优先级数值小的在先',
  'there is no lint rule {0}': '没有名为 {0} 的检查规则',
  'portcullis lint --list shows all rules': '用 portcullis lint --list 查看所有规则',

  // Lint: summaries of rules
  'an object that cannot be read, or that the API server would refuse': '无法读取、或会被 API 服务器拒绝的对象',
  'a field of a policy that the API does not know and drops': '策略中 API 不认识并会丢弃的字段',
  'labels written where they are dropped, so that the policy selects more than it says':
    '标签写在会被丢弃的地方，使策略选中的比它写的更多',
  'a policy that selects no pod': '没有选中任何 Pod 的策略',
  'a peer that matches nothing': '什么也不匹配的对端',
  'a label that nothing carries, much like one that is carried': '没有对象带有、却与某个在用标签很像的标签',
  'an empty list or selector that means everything where it looks like nothing':
    '看似“没有”、实为“全部”的空列表或空选择器',
  'a namespace selector and a pod selector as two peers where one was probably meant':
    '命名空间选择器与 Pod 选择器写成了两个对端，而多半想写一个',
  'policyTypes left to the default': '没有写 policyTypes，取默认值',
  'rules for a direction that policyTypes leaves out: they do nothing': '规则的方向不在 policyTypes 中：不起作用',
  'a policy without which the same is allowed': '没有它允许的也一样的策略',
  'two policies that say the same': '说法相同的两条策略',
  'a rule without which the same is allowed': '没有它允许的也一样的规则',
  'a peer or port that another one of the same rule covers': '已被同一规则的另一项涵盖的对端或端口',
  'a rule that admits nothing, although its peers match': '对端匹配、却什么也不放行的规则',
  'a port name that no destination has': '没有目标具有的端口名称',
  'a port that no destination declares': '没有目标声明的端口',
  'a rule open to every address there is': '对所有地址开放的规则',
  'an address block that is meant for the outside but holds pods': '本应指外部、却含有 Pod 的网段',
  'exceptions that leave nothing of their block': '把整个网段都排除掉的 except',
  'a CIDR with host bits, leading zeros or another spelling that servers refuse or warn of':
    '带有主机位、前导零或其他写法的 CIDR，服务器会拒绝或警告',
  'pods that may open connections but not look up names': '可以建立连接却不能解析名称的 Pod',
  'a namespace in which a new pod is open to everybody': '新 Pod 对所有人开放的命名空间',
  'an Ingress, route or Service that leads to pods whose policies let nobody in by it':
    '所指向的 Pod 的策略不让人由此进来的 Ingress、路由或 Service',
  'an Ingress, route or Service that leads to no pod': '没有指向任何 Pod 的 Ingress、路由或 Service',
  'cluster-wide policies of one priority that disagree': '优先级相同而说法不同的集群级策略',
  'a rule of a cluster-wide policy that never decides': '集群级策略中从不作决定的规则',
  'an annotation that suppresses a rule that does not exist': '要压制的规则并不存在的注解',

  // Reading YAML and JSON
  'duplicate field': '字段重复',
  'text after the end of the JSON value': 'JSON 值结束之后还有文字',
  'JSON has no comments': 'JSON 没有注释',
  'remove it, or write YAML': '请删除它，或改用 YAML',
  '`:` is missing after this key': '此键之后缺少 `:`',
  '`{0}` closes nothing': '`{0}` 没有可闭合的对象',
  'the value is missing here': '这里缺少值',
  'a `,` may not come before `{0}`': '`{0}` 之前不能有 `,`',
  'remove the `,`': '请删除 `,`',
  '`,` or `{0}` is missing before this': '此处之前缺少 `,` 或 `{0}`',
  'put it in double quotes': '应放在双引号中',
  'a key in double quotes is expected here': '这里应是双引号中的键',
  'use double quotes': '应使用双引号',
  'a JSON value is expected here': '这里应是 JSON 值',
  'this is not JSON': '这不是 JSON',
  '`{0}` is never closed: `{1}` is missing': '`{0}` 没有闭合：缺少 `{1}`',
  'a control character must be escaped in JSON, a tab as \\t': '在 JSON 中控制字符必须转义，制表符写作 \\t',
  'this escape sequence does not exist in JSON': 'JSON 中没有这个转义序列',
  'a closing " is missing on this line': '此行缺少闭合的 "',
  'nested more than {0} levels deep': '嵌套超过 {0} 层',
  'split it into documents with `---`, or give the objects as a JSON List':
    '请用 `---` 拆成多个文档，或以 JSON List 给出对象',
  'this document is larger than {0}': '此文档大于 {0}',
  'and {0} more documents or items that cannot be read, from here on': '从这里起还有 {0} 个文档或条目无法读取',
  'and {0} more like this': '还有 {0} 个类似的问题',
  'an earlier one': '前面的同名对象',
  'the one at {0}:{1}:{2}': '位于 {0}:{1}:{2} 的同名对象',
  '{0} {1} replaces {2}': '{0} {1} 取代{2}',
  'the later one counts, as with kubectl apply': '以后面的为准，与 kubectl apply 一样',
  'a list': '列表',
  'a {0}': '{0}',
  '{0} is not a Kubernetes object': '{0} 不是 Kubernetes 对象',
  'put the objects under `items:` of a `kind: List`, or into documents of their own':
    '请把对象放在 `kind: List` 的 `items:` 之下，或各自成为文档',
  'an object has apiVersion, kind and metadata': '对象要有 apiVersion、kind 和 metadata',
  '`{0}` is not a !!timestamp': '`{0}` 不是 !!timestamp',
  '`{0}` is not a !!{1}': '`{0}` 不是 !!{1}',
  'this !!binary value is not base64': '此 !!binary 值不是 base64',
  'write {0}, or "{1}" for the text': '应写成 {0}；要指文本则写 "{1}"',
  'write "{0}" for the text': '要指文本应写成 "{0}"',
  '`{0}` is octal in YAML 1.1: the number {1}': '`{0}` 在 YAML 1.1 中是八进制：即数字 {1}',
  '`{0}` loses its leading zeros in YAML 1.1: the number {1}': '`{0}` 在 YAML 1.1 中会丢掉前导零：即数字 {1}',
  '`{0}` is the number {1} in YAML 1.1': '`{0}` 在 YAML 1.1 中是数字 {1}',
  '`{0}` is a boolean in YAML 1.1: write "{1}"': '`{0}` 在 YAML 1.1 中是布尔值：应写成 "{1}"',
  '`{0}` is a number in YAML: write "{1}"': '`{0}` 在 YAML 中是数字：应写成 "{1}"',
  '`{0}` is null in YAML: write "{1}"': '`{0}` 在 YAML 中是 null：应写成 "{1}"',
  '`{0}` cannot be written in JSON, so Kubernetes cannot read it': '`{0}` 无法写成 JSON，因此 Kubernetes 读不了',
  'if this is a Helm template, render it first (helm template …)': '如果这是 Helm 模板，请先渲染（helm template …）',
  'the text `{{` looks like a template that was not rendered': '文字 `{{` 像是没有渲染的模板',
  '`{0}` needs quotes inside `{}` and `[]`: Kubernetes cannot read it':
    '`{0}` 在 `{}` 和 `[]` 中需要引号：Kubernetes 读不了',
  '`*{0}` stands for nothing: there is no `&{1}` before it': '`*{0}` 没有所指：前面没有 `&{1}`',
  '`&{0}` contains itself': '`&{0}` 包含了自己',
  'the aliases of this document stand for more than {0} values': '此文档的别名展开后超过 {0} 个值',
  'the key `{0}` is read as "{1}" in YAML 1.1': '键 `{0}` 在 YAML 1.1 中读作 "{1}"',
  'only text can be a key': '只有文本可以作键',
  '`<<` needs a mapping, or a list of mappings, to merge': '`<<` 要合并的必须是映射或映射的列表',
  'a tab cannot indent YAML': 'YAML 不能用制表符缩进',
  'indent with spaces': '请用空格缩进',
  'this quoted text never ends: a closing {0} is missing': '此引号中的文字没有结束：缺少闭合的 {0}',
  'bad indentation: this line is not at the column of its neighbours': '缩进有误：此行与相邻各行不在同一列',
  'bad indentation: this line is deeper than the one above, which already has the value `{0}`':
    '缩进有误：此行比上一行更深，而上一行已有值 `{0}`',
  'quote the text if it is meant to contain `: `, or put the mapping on lines of its own':
    '若文字中本应含有 `: `，请加引号；否则把映射另起行',
  'a mapping cannot begin behind another key on the same line': '映射不能在同一行的另一个键之后开始',
  'unquoted text cannot begin with `{0}`': '不带引号的文字不能以 `{0}` 开头',
  '`{0}` is not an escape sequence': '`{0}` 不是转义序列',
  "double the backslash, or use 'single quotes'": "请双写反斜杠，或使用'单引号'",
  'check the indentation, and the quotes of the value before it': '请检查缩进，以及前一个值的引号',
  'this text follows a value that has already ended': '这段文字跟在已经结束的值之后',
  'a space is missing after `-`': '`-` 之后缺少空格',
  'a space is missing after `{0}`': '`{0}` 之后缺少空格',
  '`{0}` is neither a key nor a list item: `:` is missing': '`{0}` 既不是键也不是列表项：缺少 `:`',
  'expected {0}, got {1}': '应为 {0}，实际是 {1}',
  'YAML reads yes, no, on, off, true and false as booleans: put the value in quotes':
    'YAML 把 yes、no、on、off、true 和 false 读作布尔值：请给值加引号',
  'put the number in quotes': '请给数字加引号',
  'a {0} of {1} is no network policy of Kubernetes: it is left out': '{1} 的 {0} 不是 Kubernetes 的网络策略：已略去',

  // Policies that the server takes, though hardly as they were meant
  'the policy has no rules: it changes nothing': '该策略没有规则：它不改变任何东西',
  'the rule is never reached: {0} decides all that it matches, with the same action':
    '轮不到该规则：它所匹配的一切，{0} 都已决定，动作相同',
  'the rule is never reached: {0} decides all that it matches, with {1}':
    '轮不到该规则：它所匹配的一切，{0} 都已决定，动作是 {1}',
  'domain names belong in rules that accept: what {0} does to them is not defined':
    '域名只应写在 Accept 规则中：{0} 对域名起什么作用没有规定',
  "{0} have no named ports: the rule's named ports match nothing here, and servers with the experimental channel refuse the policy":
    '{0} 没有命名端口：该规则的端口名称在这里什么也不匹配，而带实验通道的服务器会拒绝该策略',
  '{0} {1} is no longer served; read as {2}': '{0} {1} 已不再提供；按 {2} 读取',
  'use apiVersion: {0}': '应使用 apiVersion: {0}',
  '{0} is not an IP address and is ignored': '{0} 不是 IP 地址，已忽略',
  '{0} is cluster-scoped: the namespace is dropped': '{0} 属于整个集群：命名空间已丢弃',
  'unknown peer "{0}": the rule fails closed (to accept, it matches nothing; to deny or pass, it denies everything)':
    '未知的对端“{0}”：该规则按最严处理（Accept 什么也不匹配；Deny 或 Pass 则拒绝一切）',
  '{0} is not TCP, UDP or SCTP: it matches no port': '{0} 不是 TCP、UDP 或 SCTP：它不匹配任何端口',
  'the range ends at {0}, before its start {1}: it matches no port': '范围的末端 {0} 在开端 {1} 之前：它不匹配任何端口',
  '{0} {1}: no container port has this name': '{0} {1}：没有容器端口可以叫这个名称',
  '{0} needs values: the selector matches nothing': '{0} 需要 values：该选择器什么也不匹配',
  '{0} takes no values: the selector matches nothing': '{0} 不带 values：该选择器什么也不匹配',
  '{0} is not an operator: the selector matches nothing': '{0} 不是运算符：该选择器什么也不匹配',
  'the operators are In, NotIn, Exists and DoesNotExist': '运算符有 In、NotIn、Exists 和 DoesNotExist',
  'no label can be {0}: {1}': '标签不能是 {0}：{1}',

  // Assertions
  'a name must not be empty': '名称不能为空',
  'name or selectors, as string or object': '名称或选择器（字符串或对象）',
  'must have a namespaceSelector or a podSelector': '必须有 namespaceSelector 或 podSelector',
  'write */* for every pod': '要指所有 Pod 请写 */*',
  'must not be an empty list': '不能是空列表',
  'must be {0}, not {1}': '必须是 {0}，而不是 {1}',
  '{0} is allowed': '{0} 应当允许',
  '{0} is denied': '{0} 应当拒绝',
  '{0} on {1} is allowed': '{0} 应当允许（{1}）',
  '{0} on {1} is denied': '{0} 应当拒绝（{1}）',
  'from {0}': '来自 {0}',
  'to {0}': '到 {0}',
  '{0} in namespaces {1}': '带 {1} 的命名空间中的 {0}',
  'write a name such as shop/*, or a namespaceSelector': '请写 shop/* 这样的名称，或写 namespaceSelector',
  'did you mean port? It may be a list': '是否想写 port？它可以是列表',
  'write it behind the port: port: 53/UDP': '写在端口之后：port: 53/UDP',
  'no PolicyTest in this file': '此文件中没有 PolicyTest',
  'object of kind {0}': '{0} 类型的对象',
  'is missing, and': '缺少该值，',
  'is {0}, and': '现在是 {0}，',
  '{0} must be {1}': '{0}必须是 {1}',
  'a test without assertions proves nothing': '没有断言的测试什么也证明不了',
  '{0} matches no endpoint of the input': '{0} 不匹配输入中的任何端点',
  '"{0}" matches no endpoint of the input': '“{0}”不匹配输入中的任何端点',
  '"{0}" is not understood: write ns/name*, ns/kind/name*, kind/name* or node/*':
    '看不懂“{0}”：可以写 ns/name*、ns/kind/name*、kind/name* 或 node/*',
  'they have no address family in common': '它们没有共同的地址族',
  'one of them has no {0} address, so they never connect on it': '其中一方没有 {0} 地址，因此从不由此相连',
  'allowEmpty: true says that this is as it should be': '用 allowEmpty: true 表示本应如此',
  'it is about no pair: its exceptions leave nothing on one side; `except: { from: … }` is about one side only':
    '它不涉及任何一对：其例外把一侧全部排除了；`except: { from: … }` 只针对一侧',
  'it is about no pair: both ends are outside the cluster, and policies say nothing of that':
    '它不涉及任何一对：两端都在集群外部，策略不管那里',
  'it is about no pair: {0} always reaches itself': '它不涉及任何一对：{0} 总能连到自己',
  'it is about no pair of endpoints': '它不涉及任何一对端点',
  'it is about no port: no destination has a container port named {0}':
    '它不涉及任何端口：没有目标带有名为 {0} 的容器端口',
  'the exception {0} excludes nothing: it is no end of this assertion': '例外 {0} 没有排除任何东西：它不是此断言的一端',

  // Flow logs, advice, addresses of names
  'no policy can admit {0}: {1}': '没有策略能放行 {0}：{1}',
  'no NetworkPolicy lets {0} pass: a cluster-wide policy denies it':
    '没有 NetworkPolicy 能让 {0} 通过：集群级策略拒绝它',
  'a flow log is JSON lines, or CSV with the header from,to,protocol,port':
    '流量日志是 JSON 行，或带有表头 from,to,protocol,port 的 CSV',
  'the header has no column {0}': '表头中没有列 {0}',
  'the record has {0} of {1} fields': '该记录只有 {1} 个字段中的 {0} 个',
  '{0} is empty': '{0} 为空',
  '"{0}" is not a port number': '“{0}”不是端口号',
  'the flow log is empty': '流量日志是空的',
  'and {0} more lines that cannot be read': '还有 {0} 行无法读取',
  'not a JSON object': '不是 JSON 对象',
  'not JSON: {0}': '不是 JSON：{0}',
  '"verdict": "{0}" is neither allowed nor denied': '"verdict": "{0}" 既不是 allowed 也不是 denied',
  '"{0}" is missing or not an object': '缺少 "{0}"，或它不是对象',
  '"{0}" names neither a pod nor an address': '"{0}" 既没有写 Pod 也没有写地址',
  '"source" names neither a pod nor an address': '"source" 既没有写 Pod 也没有写地址',
  '"destination" names neither a pod nor an address': '"destination" 既没有写 Pod 也没有写地址',
  'the destination port {0} is not a number from 1 to 65535': '目标端口 {0} 不是 1 到 65535 的数字',
  '"{0}" is not an IP address': '“{0}”不是 IP 地址',
  'a line is: ADDRESS NAME…': '每行的格式是：地址 名称…',
  'no name stands behind "{0}"': '“{0}”之后没有名称',
  '"{0}" is not a domain name': '“{0}”不是域名',
};
