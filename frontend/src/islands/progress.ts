import { find } from "../core/dom";
import { getJson } from "../core/http";
import { htmx } from "../core/htmx";
import { t } from "../core/i18n";
import { failed } from "../core/toast";

interface State {
  done: number;
  total: number | null;
  rate?: number | null;
  eta?: number | null;
  state: "waiting" | "running" | "paused" | "done" | "failed" | "cancelled";
  message?: string;
}
const ENDED = new Set(["done", "failed", "cancelled"]);

export function duration(seconds: number): string {
  if (seconds < 60) return t("sec", { n: Math.ceil(seconds) });
  if (seconds < 3600) return t("min", { n: Math.ceil(seconds / 60) });
  return t("hours", { n: (seconds / 3600).toFixed(1) });
}

/** Follows a background job: one JSON request a second, slower while hidden, none after the end. */
export function mount(host: HTMLElement): () => void {
  const bar = find<HTMLProgressElement>("progress", host);
  let timer = 0;
  let misses = 0;
  const say = (part: string, text: string): void => {
    const node = find(`[data-p-${part}]`, host);
    if (node && node.textContent !== text) node.textContent = text;
  };
  const paint = (state: State): void => {
    const n = (value: number): string => value.toLocaleString("en");
    if (bar && state.total) {
      bar.max = state.total;
      bar.value = state.done;
    } else if (bar && ENDED.has(state.state)) bar.value = bar.max;
    say("count", state.total ? `${n(state.done)} / ${n(state.total)}` : n(state.done));
    say("rate", state.rate && state.state === "running" ? t("rate", { n: n(Math.round(state.rate)) }) : "");
    say("eta", state.eta && state.state === "running" ? t("eta", { t: duration(state.eta) }) : "");
    say("message", state.message || t(state.state));
    host.dataset["state"] = state.state;
  };
  const finish = (state: State): void => {
    const { doneUrl, refresh } = host.dataset;
    host.dispatchEvent(new CustomEvent(`progress:${state.state}`, { bubbles: true }));
    if (refresh) document.body.dispatchEvent(new CustomEvent(refresh, { bubbles: true }));
    if (doneUrl) void htmx.ajax("GET", doneUrl, { target: host, swap: "outerHTML" });
  };
  const tick = async (): Promise<void> => {
    try {
      const state = await getJson<State>(host.dataset["url"] ?? "");
      misses = 0;
      paint(state);
      if (ENDED.has(state.state)) return finish(state);
    } catch (error) {
      if (++misses > 5) return failed(error);
    }
    timer = window.setTimeout(() => void tick(), (document.hidden ? 5000 : 1000) * (misses + 1));
  };
  const number = /\/jobs\/(\d+)\//.exec(host.dataset["url"] ?? "")?.[1];
  /** What the open line tells saves asking; the next question is only for the case that it falls silent. */
  const hear = (event: Event): void => {
    const state = (event as CustomEvent<State & { id: number }>).detail;
    if (String(state.id) !== number || ENDED.has(host.dataset["state"] ?? "")) return;
    clearTimeout(timer);
    paint(state);
    if (ENDED.has(state.state)) return finish(state);
    timer = window.setTimeout(() => void tick(), 5000);
  };
  document.body.addEventListener("live:job", hear);
  void tick();
  return () => {
    clearTimeout(timer);
    document.body.removeEventListener("live:job", hear);
  };
}
