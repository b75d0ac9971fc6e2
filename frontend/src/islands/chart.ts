import { BarChart, HeatmapChart, LineChart, PieChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use, type EChartsCoreOption, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { config, el, find } from "../core/dom";
import { fullNumber, shortNumber, t } from "../core/i18n";
import { isEmpty, median, tableOf, type Spec } from "./spec";

use([BarChart, HeatmapChart, LineChart, PieChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer]);

/* ── the theme comes from the same tokens as the page ── */
interface Theme {
  text: string;
  muted: string;
  border: string;
  surface: string;
  accent: string;
  soft: string;
  warn: string;
  palette: string[];
  font: string;
  color: (name: string) => string;
}
function theme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--k-${name}`).trim();
  const color = (name: string): string => token(`${name}-dot`) || name;
  return {
    text: token("text-2"), muted: token("muted"), border: token("border"), surface: token("bg-raised"), accent: token("accent"), soft: token("accent-soft"), warn: color("orange"), font: token("font"), color,
    palette: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`chart-${n}`)),
  };
}

type Param = { seriesName: string; name: string; value: unknown; color: string; dataIndex: number; seriesIndex: number };

function tooltip(spec: Spec, look: Theme, axis: boolean): object {
  const unit = spec.unit ? ` ${spec.unit}` : "";
  const line = (p: Param, value: string): HTMLElement => {
    const dot = el("span", { class: "dot" });
    dot.style.background = p.color;
    return el("div", { class: "row-flex" }, dot, el("span", { class: "grow" }, p.seriesName || p.name), el("strong", { class: "num" }, value + unit));
  };
  const show = (p: Param): string => (Array.isArray(p.value) ? p.value.map((v) => fullNumber(Number(v))).join(" · ") : fullNumber(Number(p.value)));
  return {
    trigger: axis ? "axis" : "item", confine: true, backgroundColor: look.surface, borderColor: look.border, borderWidth: 1, padding: [8, 12], textStyle: { color: look.text, fontFamily: look.font, fontSize: 12 }, extraCssText: "box-shadow:0 6px 20px -6px rgba(0,0,0,.25);border-radius:8px",
    axisPointer: { type: spec.type === "line" ? "line" : "shadow", lineStyle: { color: look.border }, shadowStyle: { color: look.border, opacity: 0.35 } },
    // nodes, not markup: nothing from data is parsed, and the content policy forbids style attributes
    formatter: (given: Param | Param[]) => {
      const list = Array.isArray(given) ? given : [given];
      const first = list[0];
      if (!first) return "";
      if (spec.type === "heatmap") {
        const [x, y, value] = first.value as [number, number, number];
        return el("div", {}, `${spec.x[x] ?? ""} ${spec.series[y]?.name ?? ""}：`, el("strong", {}, fullNumber(value) + unit));
      }
      return el("div", { class: "stack-sm" }, axis ? el("div", { class: "muted" }, first.name) : null, ...list.map((p) => line(axis || !first.name ? p : { ...p, seriesName: first.name }, show(p))));
    },
  };
}

function axes(spec: Spec, look: Theme): object {
  const label = { color: look.muted, fontSize: 11, fontFamily: look.font };
  const split = { lineStyle: { color: look.border, type: [3, 3] } };
  const category = { type: "category", data: spec.x, axisLine: { lineStyle: { color: look.border } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true, ...(spec.horizontal ? { width: 96, overflow: "truncate" } : {}) } };
  // nobody counts 0.3 records
  const whole = spec.series.every((one) => (one.data ?? []).every((v) => Number.isInteger(v)));
  const value = { type: "value", ...(whole ? { minInterval: 1 } : {}), axisLabel: { ...label, formatter: shortNumber }, splitLine: split, splitNumber: 4 };
  if (spec.type === "scatter") return { xAxis: { ...value, name: spec.x_name ?? "", nameTextStyle: label, scale: true }, yAxis: value };
  if (spec.type === "heatmap") return { xAxis: { ...category, splitArea: { show: false } }, yAxis: { ...category, data: spec.series.map((s) => s.name) } };
  return spec.horizontal ? { xAxis: value, yAxis: { ...category, inverse: true } } : { xAxis: category, yAxis: value };
}

function series(spec: Spec, look: Theme): object[] {
  const colorOf = (given: string | undefined, i: number): string => (given ? look.color(given) : look.palette[i % look.palette.length] ?? look.accent);
  const round = spec.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0];
  switch (spec.type) {
    case "pie":
      return [{ type: "pie", radius: ["52%", "76%"], center: ["32%", "50%"], itemStyle: { borderColor: look.surface, borderWidth: 2 }, label: { show: false }, data: spec.x.map((name, i) => ({ name, value: spec.series[0]?.data[i] ?? 0, itemStyle: { color: colorOf(spec.colors?.[i], i) } })) }];
    case "heatmap":
      return [{ type: "heatmap", data: spec.series.flatMap((s, y) => s.data.map((v, x) => [x, y, v])), itemStyle: { borderColor: look.surface, borderWidth: 2, borderRadius: 3 } }];
    case "scatter":
      return spec.series.map((s, i) => ({ type: "scatter", name: s.name, data: s.data, symbolSize: 9, itemStyle: { color: colorOf(s.color, i), opacity: 0.7 } }));
    case "gap": {
      const middle = spec.median ?? median((spec.series[0]?.data ?? []).map(Number));
      return [{ type: "bar", name: spec.series[0]?.name ?? "", barMaxWidth: 18, data: (spec.series[0]?.data ?? []).map((v) => ({ value: v, itemStyle: { color: Number(v) > middle * 1.5 ? look.warn : look.accent, borderRadius: round } })), markLine: { symbol: "none", silent: true, lineStyle: { color: look.muted, type: "dashed" }, label: { color: look.muted, formatter: fullNumber(middle), position: "end", fontSize: 11 }, data: [{ yAxis: middle }] } }];
    }
    case "line":
      return spec.series.map((s, i) => ({ type: "line", name: s.name, data: s.data, smooth: 0.25, showSymbol: spec.x.length < 2, symbolSize: 7, lineStyle: { width: i === 0 ? 2.25 : 1.75, color: colorOf(s.color, i), ...(s.dashed ? { type: "dashed" } : {}) }, itemStyle: { color: colorOf(s.color, i) }, ...(i === 0 ? { areaStyle: { color: colorOf(s.color, i), opacity: 0.07 } } : {}) }));
    default:
      return spec.series.map((s, i) => ({ type: "bar", name: s.name, barMaxWidth: 28, ...(spec.type === "stacked" ? { stack: "all" } : {}), data: s.data.map((v, x) => (spec.colors && spec.series.length === 1 ? { value: v, itemStyle: { color: colorOf(spec.colors[x], x) } } : v)), itemStyle: { color: colorOf(s.color, i), borderRadius: spec.type === "stacked" && i < spec.series.length - 1 ? 0 : round } }));
  }
}

/** Columns a text takes: a Chinese character two. */
const wide = (text: string): number => [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 2 : 1), 0);

function option(spec: Spec, look: Theme): EChartsCoreOption {
  const axis = ["line", "bar", "stacked", "gap"].includes(spec.type);
  const many = spec.series.length > 1 && spec.type !== "heatmap";
  const values = spec.type === "heatmap" ? spec.series.flatMap((s) => s.data.map(Number)) : [0];
  const legend = { icon: "circle", itemWidth: 8, itemHeight: 8, itemGap: 14, textStyle: { color: look.muted, fontFamily: look.font, fontSize: 12 } };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !still, animationDuration: 300, textStyle: { fontFamily: look.font }, aria: { enabled: false },
    tooltip: tooltip(spec, look, axis),
    ...(spec.type === "pie" ? { legend: { ...legend, orient: "vertical", right: 8, top: "middle", type: "plain", formatter: (name: string) => (wide(name) > 18 ? `${name.slice(0, wide(name) > name.length ? 8 : 16)}…` : name) } } : {
      grid: { left: 4, right: spec.type === "gap" ? 30 : 12, top: many ? 34 : 14, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      ...axes(spec, look),
      ...(many ? { legend: { ...legend, type: "scroll", top: 0, left: 0, right: 0, pageIconSize: 10, pageIconColor: look.muted, pageTextStyle: { color: look.muted } } } : {}),
    }),
    ...(spec.type === "heatmap" ? { visualMap: { show: false, min: Math.min(...values), max: Math.max(...values, 1), inRange: { color: [look.soft, look.accent] } } } : {}),
    series: series(spec, look),
  };
}

function drill(spec: Spec, chart: ECharts): void {
  chart.on("click", (given) => {
    const { dataIndex, seriesIndex = 0 } = given as unknown as Param;
    const own = spec.type === "heatmap" ? undefined : spec.series[seriesIndex]?.drill?.[dataIndex];
    const url = own ?? spec.drill?.[dataIndex];
    if (url) location.assign(url);
  });
}

function fillTable(spec: Spec, box: HTMLElement): void {
  const { head, rows } = tableOf(spec, t("category"));
  const cell = (tag: "th" | "td", text: string, i: number): HTMLElement => el(tag, { ...(i ? { class: "num" } : {}), ...(tag === "th" ? { scope: "col" } : {}) }, text);
  box.replaceChildren(el("table", { class: "k-table" },
    el("thead", {}, el("tr", {}, ...head.map((h, i) => cell("th", h, i)))),
    el("tbody", {}, ...rows.map((row, r) => el("tr", {}, ...row.map((value, i) => {
      const node = cell("td", typeof value === "number" ? fullNumber(value) : value, i);
      const url = spec.drill?.[r];
      if (i === 0 && url && spec.type !== "scatter") node.replaceChildren(el("a", { href: url }, String(value)));
      return node;
    }))))));
}

export function mount(host: HTMLElement): () => void {
  const spec = config<Spec>(host, { type: "bar", x: [], series: [] });
  const canvas = find(".chart-canvas", host);
  const table = find(".chart-table", host);
  const toggle = find("[data-chart-table]", host);
  if (!canvas) return () => undefined;
  if (isEmpty(spec)) {
    canvas.replaceChildren(el("div", { class: "chart-empty" }, t("chart_empty")));
    if (toggle) toggle.hidden = true;
    return () => undefined;
  }
  const chart = init(canvas, null, { renderer: "canvas" });
  const paint = (): void => chart.setOption(option(spec, theme()), true);
  paint();
  drill(spec, chart);
  const size = new ResizeObserver(() => canvas.offsetWidth && chart.resize());
  size.observe(canvas);
  document.addEventListener("themechange", paint);
  toggle?.addEventListener("click", () => {
    if (!table) return;
    const showTable = table.hidden;
    if (showTable && table.dataset["given"] === undefined && !table.childElementCount) fillTable(spec, table);
    table.hidden = !showTable;
    canvas.hidden = showTable;
    toggle.setAttribute("aria-pressed", String(showTable));
    toggle.setAttribute("aria-label", t(showTable ? "chart_chart" : "chart_table"));
    toggle.dataset["tip"] = t(showTable ? "chart_chart" : "chart_table");
  });
  return () => {
    size.disconnect();
    document.removeEventListener("themechange", paint);
    chart.dispose();
  };
}
