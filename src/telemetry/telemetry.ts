import type { Config } from '#config.ts';
import type { Metrics } from './metrics.ts';

export type Telemetry = {
  /** Absent where nobody asked for it. */
  readonly metrics: Metrics | undefined;
  stop(): Promise<void>;
};

/**
 * Begins to listen for what the settings switch on, and loads nothing else. Before the database is opened: that is
 * when it is decided whether reads are measured.
 */
export async function startTelemetry(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Telemetry> {
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).startMetrics();
  const traces = wantsTraces(environment) ? (await import('./traces.ts')).startTraces() : undefined;
  return { metrics, stop: async () => traces?.stop() };
}

/** By the standard's variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
export function wantsTraces(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER } = environment;
  if (OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || OTEL_TRACES_EXPORTER === 'none') return false;
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = environment;
  return [OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT].some(Boolean);
}
