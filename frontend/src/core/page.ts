import { all, closest, find, icon, meta } from "./dom";
import { shortNumber, t } from "./i18n";
import { toast } from "./toast";

/* ── relative time: <time data-rel datetime title> ── */
const MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;
const pad = (n: number): string => String(n).padStart(2, "0");
const day = (d: Date): number => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();

/** Words for a moment; beyond a month the date itself says more. Pure, so that it can be tested. */
export function relative(then: Date, now: Date, dateOnly: boolean): string {
  const days = Math.round((day(now) - day(then)) / DAY);
  const date = `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())}`;
  if (Math.abs(days) > 30) return date;
  if (dateOnly) {
    const word: Record<string, string> = { "0": "today", "1": "day_yesterday", "-1": "day_tomorrow" };
    const near = word[String(days)];
    return near ? t(near) : t(days > 0 ? "day_ago" : "in_day", { n: Math.abs(days) });
  }
  const gap = now.getTime() - then.getTime();
  const time = `${pad(then.getHours())}:${pad(then.getMinutes())}`;
  if (Math.abs(gap) < MINUTE) return t("just_now");
  if (Math.abs(gap) < HOUR) return t(gap > 0 ? "min_ago" : "in_min", { n: Math.floor(Math.abs(gap) / MINUTE) });
  if (days === 0) return t(gap > 0 ? "hour_ago" : "in_hour", { n: Math.floor(Math.abs(gap) / HOUR) });
  if (days === 1) return t("yesterday", { time });
  if (days === -1) return t("tomorrow", { time });
  return t(days > 0 ? "day_ago" : "in_day", { n: Math.abs(days) });
}

export function refreshTimes(root: ParentNode = document): void {
  const now = new Date();
  for (const node of all<HTMLTimeElement>("time[data-rel]", root)) {
    const dateOnly = node.dateTime.length === 10;
    const then = new Date(dateOnly ? `${node.dateTime}T00:00` : node.dateTime);
    if (Number.isNaN(then.getTime())) continue;
    const text = relative(then, now, dateOnly);
    if (node.textContent !== text) node.textContent = text;
  }
}

/* ── small manners ── */
async function copy(button: HTMLElement): Promise<void> {
  const given = button.dataset["copy"] ?? "";
  // an address of ours is copied whole, so that it can be sent to somebody
  const text = /^\/(?!\/)/.test(given) ? location.origin + given : given;
  try {
    await navigator.clipboard.writeText(text);
    const mark = icon("check", 14);
    const was = [...button.childNodes];
    button.replaceChildren(mark);
    setTimeout(() => button.replaceChildren(...was), 1200);
    toast({ text: t("copied"), kind: "success" });
  } catch {
    toast({ text, kind: "info" });
  }
}

function remember(details: HTMLDetailsElement): void {
  const key = `k-open:${details.dataset["remember"]}`;
  const kept = localStorage.getItem(key);
  if (kept !== null) details.open = kept === "1";
  details.addEventListener("toggle", () => localStorage.setItem(key, details.open ? "1" : "0"));
}

/** 128000 typed into a money field says 12.8万 beside it, so that a nought too many is seen. */
function hint(input: HTMLInputElement): void {
  const value = Number(input.value.replaceAll(",", ""));
  const big = Number.isFinite(value) && Math.abs(value) >= 10_000;
  let note = input.parentElement?.querySelector<HTMLElement>("[data-hint]") ?? null;
  if (!note && big) {
    note = document.createElement("span");
    note.className = "add";
    note.dataset["hint"] = "true";
    input.after(note);
  }
  if (note) {
    note.hidden = !big;
    note.textContent = shortNumber(value);
  }
}

/** Runs on the whole page once and on everything that enters it later. */
export function prepare(root: ParentNode): void {
  refreshTimes(root);
  all<HTMLDetailsElement>("details[data-remember]", root).forEach(remember);
  for (const th of all("[data-width]", root)) th.style.width = th.style.minWidth = `${Number(th.dataset["width"])}px`;
  find("[data-autofocus]", root)?.focus();
  all<HTMLInputElement>('input[data-number="money"]', root).forEach(hint);
  all(".tabs > [aria-current]", root).forEach(reveal);
}

/** The chosen tab of a row that goes on beyond its edge stands in sight. */
function reveal(tab: HTMLElement): void {
  const row = tab.parentElement;
  if (!row || row.scrollWidth <= row.clientWidth) return;
  const [at, frame] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += at.left - frame.left - (frame.width - at.width) / 2;
}

export function installPage(): void {
  // an address of old, in which words could be read, is not kept
  const address = meta("address");
  if (address) history.replaceState(history.state, "", address + location.hash);
  prepare(document);
  setInterval(() => document.hidden || refreshTimes(), 30_000);
  document.addEventListener("visibilitychange", () => document.hidden || refreshTimes());
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-copy]");
    if (button) void copy(button);
    if (closest(event, "[data-print]")) window.print();
  });
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.dataset["number"] === "money") hint(input);
  });
}
