import { AggregatorRegistry } from 'prom-client';

/** The text that Prometheus reads, over what several processes have counted. */
export async function sumText(all: readonly object[][]): Promise<string> {
  return AggregatorRegistry.aggregate([...all]).metrics();
}

/** The same as data. */
export async function sumOf(all: readonly object[][]): Promise<object[]> {
  return AggregatorRegistry.aggregate([...all]).getMetricsAsJSON();
}
