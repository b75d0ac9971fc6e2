import { all, el, find, meta } from "./dom";
import { getJson } from "./http";
import { t } from "./i18n";
import { toast } from "./toast";

/**
 * The open line to the server: notices and badges, who else looks at this record, how far background work is. It is held
 * only while the page is seen. Where it cannot be had, the number of unread notices is asked for now and then instead.
 * Heard by others as events on the body: live:notice, live:record, and live:job with the job's state as detail.
 */
const RETRY = 5_000, RETRY_MOST = 120_000, HIDDEN = 20_000, POLL = 30_000;
interface Person {
  id: number;
  name: string;
}
let line: EventSource | null = null;
let open = false;
let tries = 0;
let timer = 0;
let looking: Person[] = [];

export const isLive = (): boolean => open;
const say = (name: string, detail: unknown = null): boolean => document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

function paintUnread(unread: number): void {
  for (const pip of all("[data-unread]")) {
    const text = unread > 99 ? "99+" : String(unread);
    if (pip.textContent !== text) pip.textContent = text;
    pip.hidden = unread === 0;
    pip.closest("a, button")?.setAttribute("data-tip", t("unread", { n: unread }));
  }
}

async function ask(): Promise<void> {
  const url = find("[data-unread-url]")?.dataset["unreadUrl"];
  if (url && !document.hidden) paintUnread((await getJson<{ unread: number }>(url)).unread);
}

const FACES = ["blue", "teal", "purple", "orange", "green", "pink", "indigo", "azure"];
export function paintPresence(root: ParentNode = document): void {
  for (const host of all("[data-live-presence]", root)) {
    const names = looking.map((one) => one.name).join(t("list_sep"));
    const label = (host.dataset["label"] ?? "{names}").replace("{names}", names);
    if (host.dataset["shown"] === names) continue;
    host.dataset["shown"] = names;
    host.hidden = looking.length === 0;
    host.replaceChildren(...looking.slice(0, 5).map((one) => el("span", { class: `avatar avatar-sm c-${FACES[one.id % FACES.length]}`, "aria-hidden": "true" }, one.name.slice(0, 1).toUpperCase())), el("span", { class: "presence-words" }, label));
    host.setAttribute("data-tip", label);
  }
}

/** Is somebody in the middle of typing here, so that nothing may be taken from under their hands? */
const busy = (): boolean => !!find("dd.editing, td.editing, dialog[open] form, #timeline form") || (document.activeElement instanceof HTMLElement && document.activeElement.matches("#tab input, #tab textarea, .rec-left input, .rec-left textarea"));

function onRecord(kind: string, who: string): void {
  if (busy()) return toast({ text: t(kind === "talk" ? "live_talk" : "live_changed", { who }), kind: "info", link: { label: t("refresh"), url: location.href } });
  if (kind === "talk") return void say("live:record");
  say("record:changed");
  toast({ text: t("live_changed", { who }), kind: "info" });
}

const read = <T>(event: Event): T => JSON.parse((event as MessageEvent<string>).data) as T;

function listen(source: EventSource): void {
  source.addEventListener("open", () => {
    open = true;
    document.documentElement.dataset["live"] = "open";
    tries = 0;
  });
  source.addEventListener("unread", (event) => paintUnread(read<{ unread: number }>(event).unread));
  source.addEventListener("notice", (event) => {
    const notice = read<{ title: string; url: string; level: string; id: number; at: string; kind: string }>(event);
    // what happens to the record in front of them they see there
    const here = notice.at !== "" && notice.at === find("[data-live-at]")?.dataset["liveAt"] && ["change", "comment"].includes(notice.kind);
    if (!here) toast({ text: notice.title, kind: notice.level, ...(notice.url ? { link: { label: t("view"), url: `/notices/${notice.id}/` } } : {}) });
    say("live:notice", notice);
  });
  source.addEventListener("presence", (event) => {
    looking = read<{ people: Person[] }>(event).people;
    paintPresence();
  });
  source.addEventListener("gone", () => {
    looking = [];
    paintPresence();
    toast({ text: t("error_404"), kind: "warning" });
  });
  source.addEventListener("job", (event) => say("live:job", read(event)));
  for (const kind of ["changed", "talk"]) source.addEventListener(kind, (event) => onRecord(kind, read<{ who: string }>(event).who));
  source.addEventListener("over", () => hangUp(true));
  source.addEventListener("error", () => hangUp(true));
}

function hangUp(again: boolean): void {
  line?.close();
  line = null;
  open = false;
  delete document.documentElement.dataset["live"];
  clearTimeout(timer);
  if (!again) return;
  void ask().catch(() => undefined);
  timer = window.setTimeout(call, Math.min(RETRY * 2 ** tries++, RETRY_MOST));
}

function call(): void {
  clearTimeout(timer);
  const url = meta("live-url");
  if (!url || line || document.hidden) return;
  const target = new URL(url, location.href);
  const at = find("[data-live-at]")?.dataset["liveAt"];
  if (at) target.searchParams.set("at", at);
  line = new EventSource(target, { withCredentials: true });
  listen(line);
}

export function installLive(): void {
  if (!find("[data-unread-url]")) return;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => hangUp(false), HIDDEN);
    else if (!line) call();
  });
  addEventListener("pagehide", () => hangUp(false));
  addEventListener("pageshow", (event) => event.persisted && call());
  setInterval(() => open || void ask().catch(() => undefined), POLL);
  document.body.addEventListener("unread", () => void ask().catch(() => undefined));
  if (document.readyState === "complete") call();
  else addEventListener("load", () => setTimeout(call, 200));
}
