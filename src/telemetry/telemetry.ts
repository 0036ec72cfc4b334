import type { Config } from '#config.ts';
import type { Metrics } from './metrics.ts';

export type Telemetry = {
  /** Absent if metrics are switched off. */
  readonly metrics: Metrics | undefined;
  stop(): Promise<void>;
};

/**
 * Starts the listeners that the settings switch on, and loads nothing else. Call it before opening the database, which
 * then decides whether reads are measured.
 */
export async function startTelemetry(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Telemetry> {
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).startMetrics();
  const traces = wantsTraces(environment) ? (await loadTraces()).startTraces() : undefined;
  return { metrics, stop: async () => traces?.stop() };
}

/** Not part of the package, because few want traces and they are five times its size. */
export async function loadTraces(): Promise<typeof import('./traces.ts')> {
  try {
    return await import('./traces.ts');
  } catch (error) {
    if (Object(error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(
      'the OTEL_ variables ask for traces, and the packages for them are missing: run "npm install @opentelemetry/api @opentelemetry/sdk-node" where Sallyport is installed, or set OTEL_SDK_DISABLED=true',
    );
  }
}

/** See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ for the variables. */
export function wantsTraces(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER } = environment;
  if (OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || OTEL_TRACES_EXPORTER === 'none') return false;
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = environment;
  return [OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT].some(Boolean);
}
