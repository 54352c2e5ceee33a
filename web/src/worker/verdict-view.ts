import { type CanCase, can } from '../../../src/analysis/can.ts';
import { explain } from '../../../src/analysis/explain.ts';
import { type PortQuery, parsePortQuery } from '../../../src/analysis/ports.ts';
import type { World } from '../../../src/analysis/world.ts';
import { formatPorts } from '../../../src/report/ports.ts';
import { placeOf } from './items.ts';
import type { Params, VerdictView } from './protocol.ts';

/** The answer to one question with its reasons. */
export function verdictView(world: World, { from, to, port }: Params<'verdict'>): VerdictView {
  let query: PortQuery | undefined;
  if (port.trim() !== '') {
    const parsed = parsePortQuery(port.trim());
    if ('error' in parsed) return { error: parsed.error, suggestions: [] };
    query = parsed;
  }
  const answer = can(world, from, to, query);
  if ('error' in answer) return { error: answer.error, suggestions: answer.suggestions };
  const explanation = explain(world, answer);
  return {
    from: answer.from,
    to: answer.to,
    port: port.trim(),
    allowed: answer.allowed,
    ...(answer.ports === undefined ? {} : { openPorts: formatPorts(answer.ports) }),
    directions: explanation.directions.map(({ direction, subject, allowed, steps, cites }) => {
      const { tier } = answer[direction];
      return {
        direction,
        subject,
        allowed,
        tier,
        steps,
        cites: cites.map(({ position, note }) => ({ place: placeOf(position), note, text: position.lineText })),
      };
    }),
    flip: explanation.flip,
    notes: answer.notes,
    cases: answer.cases.slice(0, 40).map((one) => ({
      from: one.from,
      to: one.to,
      family: one.family,
      allowed: one.allowed,
      ports: casePorts(one),
    })),
  };
}

function casePorts({ port, protocol, ports }: CanCase): string {
  if (port !== undefined) return `${port}/${protocol ?? 'TCP'}`;
  return ports === undefined ? '' : formatPorts(ports);
}
