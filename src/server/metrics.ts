import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the server counts, in the format of Prometheus. */
export class Metrics {
  readonly registry: Registry = new Registry();
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #seconds: Histogram<'route'>;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'portcullis_http_requests_total',
      help: 'Requests by method, route and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'portcullis_http_request_duration_seconds',
      help: 'Time until the answer begins.',
      labelNames: ['route'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10, 30],
      registers,
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** One answered request. */
  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.inc({ method: METHODS.has(method) ? method : 'other', route, status: String(status) });
    this.#seconds.observe({ route }, seconds);
  }

  /** A figure that is looked up when it is asked for. */
  gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value());
      },
    });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Methods that become labels: a client must not be able to make up new series. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
