import { all } from "./dom";

/** An island gets its element and may return a function that tidies up when the element leaves the page. */
export type Mount = (host: HTMLElement) => void | (() => void);
interface Module {
  mount: Mount;
}

const LOADERS: Record<string, () => Promise<Module>> = {
  board: () => import("../islands/board"),
  calendar: () => import("../islands/calendar"),
  chart: () => import("../islands/chart"),
  columns: () => import("../islands/columns"),
  conditional: () => import("../islands/conditional"),
  combo: () => import("../islands/combo"),
  designer: () => import("../islands/designer"),
  formula: () => import("../islands/formula"),
  filter: () => import("../islands/filter"),
  lines: () => import("../islands/lines"),
  locate: () => import("../islands/locate"),
  mention: () => import("../islands/mention"),
  palette: () => import("../islands/palette"),
  pricing: () => import("../islands/pricing"),
  progress: () => import("../islands/progress"),
  region: () => import("../islands/region"),
  report: () => import("../islands/report"),
  rows: () => import("../islands/rows"),
  upload: () => import("../islands/upload"),
};
/** Waiting for the first glance keeps the first paint quick: charts below the fold load when scrolled to. */
const LAZY = new Set(["chart"]);
const ON_DEMAND = new Set(["palette"]);

const live = new Map<HTMLElement, (() => void) | null>();
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    void start(entry.target as HTMLElement);
  }
}, { rootMargin: "200px" });

export async function start(host: HTMLElement): Promise<void> {
  const load = LOADERS[host.dataset["island"] ?? ""];
  if (!load || live.has(host)) return;
  live.set(host, null);
  const { mount } = await load();
  if (!host.isConnected) return void live.delete(host);
  live.set(host, mount(host) ?? null);
  host.dataset["ready"] = "true";
}

export function scanIslands(root: ParentNode): void {
  const hosts = all("[data-island]", root);
  if (root instanceof HTMLElement && root.dataset["island"]) hosts.push(root);
  for (const host of hosts) {
    const name = host.dataset["island"] ?? "";
    if (ON_DEMAND.has(name) || live.has(host)) continue;
    if (LAZY.has(name)) seen.observe(host);
    else void start(host);
  }
}

function sweep(): void {
  for (const [host, stop] of live) {
    if (host.isConnected) continue;
    stop?.();
    live.delete(host);
  }
}

/** Everything that enters the page, whoever put it there, is looked at once. */
export function installIslands(onAdded: (node: HTMLElement) => void): void {
  scanIslands(document);
  new MutationObserver((records) => {
    let removed = false;
    for (const record of records) {
      removed ||= record.removedNodes.length > 0;
      for (const node of record.addedNodes) {
        if (!(node instanceof HTMLElement)) continue;
        scanIslands(node);
        onAdded(node);
      }
    }
    if (removed) sweep();
  }).observe(document.body, { childList: true, subtree: true });
}
