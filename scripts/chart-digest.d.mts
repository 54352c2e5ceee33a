/** The root of the checkout. */
export declare const root: string;
/** The Helm chart, from the root of the checkout. */
export declare const CHART: string;
/** A digest of what decides the objects that the chart makes. */
export declare function chartDigest(): string;
