import { AggregatorRegistry } from 'prom-client';

/** The text for Prometheus with the counts of several processes. */
export async function sumText(all: readonly object[][]): Promise<string> {
  return AggregatorRegistry.aggregate([...all]).metrics();
}

/** The same as data. */
export async function sumOf(all: readonly object[][]): Promise<object[]> {
  return AggregatorRegistry.aggregate([...all]).getMetricsAsJSON();
}
