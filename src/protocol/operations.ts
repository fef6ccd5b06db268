/** Where a hub of iotctl tells machines how it is; the paths that Prometheus and Kubernetes take for granted. */
export const metricsPath = '/metrics';
/** The process lives and turns its event loop. */
export const healthPath = '/healthz';
/** The hub takes work: its stores answer and it is not stopping. */
export const readyPath = '/readyz';

/** What {@link readyPath} answers, with status 200 or 503. A check that holds says `ok`, any other what is wrong. */
export interface Readiness {
  readonly status: 'ready' | 'not-ready';
  readonly checks: Readonly<Record<string, string>>;
}
