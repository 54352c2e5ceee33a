import type { JSX } from 'preact';
import { t } from '../../i18n/index.ts';
import type { EndpointItem } from '../../worker/protocol.ts';
import type { Mark } from './facts.ts';

const SHIELD = 'M16 14l7 2.600v6c0 4.600-3.600 7.600-7 9c-3.400-1.400-7-4.400-7-9v-6z';
const FILLED: Readonly<Partial<Record<Mark, string>>> = {
  both: SHIELD,
  ingress: 'M16 14v17.600c-3.400-1.400-7-4.400-7-9v-6z',
  egress: 'M16 14l7 2.600v6c0 4.600-3.600 7.600-7 9z',
};
const GLOBE =
  'M162 8a7 7 0 1 0 0 14a7 7 0 1 0 0-14M155 15h14M162 8c3.500 3.500 3.500 10.500 0 14M162 8c-3.500 3.500-3.500 10.500 0 14';
const SIGNS: Readonly<Record<EndpointItem['type'], string>> = {
  workload: '',
  node: 'M9 16h14v6H9zM9 24h14v6H9z',
  host: 'M9 16h14v14H9z',
  external: 'M12 29a4 4 0 0 1 0-8a5 5 0 0 1 9-1.500a4.500 4.500 0 0 1 1 9.500z',
  'ingress-controller': 'M8 23h13M16 18l5 5l-5 5M24 15v16',
  domain: 'M9 23h14M16 16a7 7 0 1 0 0 14a7 7 0 1 0 0-14',
};

/** Whole, half (left: in, right: out), empty or struck through: what it says does not depend on colour. */
export function Shield({ mark }: { readonly mark: Mark }): JSX.Element {
  const filled = FILLED[mark];
  return (
    <g class="shield">
      <path class="outline" d={SHIELD} />
      {filled !== undefined && <path class="fill" d={filled} />}
      {mark === 'limited' && <path class="bar" d="M11 22.500h10" />}
      {mark === 'none' && <path class="strike" d="M8 32L24 14" />}
    </g>
  );
}

/** What reaches a workload from outside. */
export function Globe(): JSX.Element {
  return <path class="globe" d={GLOBE} />;
}

/** What is no workload. */
export function Sign({ type }: { readonly type: EndpointItem['type'] }): JSX.Element {
  return <path class="sign" d={SIGNS[type]} />;
}

/** What the signs of the map mean. @param marks those to explain */
export function Legend({ marks }: { readonly marks: readonly Mark[] }): JSX.Element {
  return (
    <ul class="map-legend" aria-label={t('map.legend')}>
      {marks.map((mark) => (
        <li key={mark} class={`is-${mark}`}>
          <svg width="20" height="20" viewBox="5 12 22 22" aria-hidden="true">
            <Shield mark={mark} />
          </svg>
          {t(`mark.${mark}`)}
        </li>
      ))}
      <li>
        <svg width="18" height="18" viewBox="153 6 18 18" aria-hidden="true">
          <Globe />
        </svg>
        {t('map.exposed')}
      </li>
      <li>
        <svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true">
          <path class="edge out" d="M1 5h26" />
        </svg>
        {t('map.out')}
      </li>
      <li>
        <svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true">
          <path class="edge in" d="M1 5h26" />
        </svg>
        {t('map.in')}
      </li>
    </ul>
  );
}
