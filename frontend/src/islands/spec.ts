/** The chart specification every page and analysis speaks. Pure. */
export interface Series {
  name: string;
  data: (number | null | [number, number])[];
  color?: string;
  dashed?: boolean;
  drill?: string[];
}
export interface Spec {
  type: "line" | "bar" | "stacked" | "pie" | "heatmap" | "scatter" | "gap";
  title?: string;
  unit?: string;
  x: string[];
  series: Series[];
  drill?: string[];
  /** one palette name per x (pie, single-series bar) */
  colors?: string[];
  horizontal?: boolean;
  /** scatter: what the x axis measures */
  x_name?: string;
  /** gap: the person's own median; worked out when missing */
  median?: number;
}

export const isEmpty = (spec: Spec): boolean => !spec.series.some((s) => s.data.some((v) => v !== null && v !== undefined)) || (spec.type !== "scatter" && spec.x.length === 0);

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] ?? 0 : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

export function tableOf(spec: Spec, category: string): { head: string[]; rows: (string | number)[][] } {
  if (spec.type === "scatter") {
    return { head: [category, spec.x_name ?? "x", spec.unit ?? "y"], rows: spec.series.flatMap((s) => s.data.map((d) => (Array.isArray(d) ? [s.name, d[0], d[1]] : [s.name, "", d ?? ""]))) };
  }
  return { head: [category, ...spec.series.map((s) => s.name)], rows: spec.x.map((x, i) => [x, ...spec.series.map((s) => { const v = s.data[i]; return Array.isArray(v) ? v[1] : v ?? "—"; })]) };
}
