import { all, closest, find, meta } from "./dom";
import { htmx } from "./htmx";
import { seal, unseal } from "./vault";

/**
 * A form with data-draft="key" loses nothing that was typed: changes are kept in this browser until the
 * server accepts the form (a 2xx answer, or the event "draft:clear" with the key). Passwords and files are left out.
 */
const PREFIX = "k-draft:";
const OWNER = "k-draft-of";
/** What names records in this browser besides drafts: where somebody was last. */
const TRACES = ["k-recent"];
const DAYS = 14 * 86_400_000;
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The person is logging out: what the page would still keep as it closes is not kept. */
let over = false;

/** Drafts are one person's: they outlive a session that ended, but neither a log-out nor somebody else's log-in. */
export function forgetAll(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX) || TRACES.includes(name)) localStorage.removeItem(name);
}

function belong(): void {
  const user = meta("user");
  if (!user) return;
  try {
    if ((localStorage.getItem(OWNER) ?? user) !== user) forgetAll();
    localStorage.setItem(OWNER, user);
  } catch {
    // a full or forbidden store must not stop anybody from working
  }
}

export function keepSealed(name: string, value: unknown): void {
  const sealed = seal(value);
  if (sealed) localStorage.setItem(name, sealed);
}

export const keptSealed = <T>(name: string): T | null => unseal(localStorage.getItem(name)) as T | null;

/** For what is more than a form's controls (the editor of lines): something of its own shape under a key of its own. */
export function keepDraft(key: string, value: object): void {
  if (over) return;
  try {
    keepSealed(PREFIX + key, { ...value, at: Date.now() });
  } catch {
    // as above
  }
}

export function keptDraft<T>(key: string): (T & { at: number }) | null {
  try {
    const kept = keptSealed<T & { at: number }>(PREFIX + key);
    if (kept && Date.now() - kept.at <= DAYS) return kept;
  } catch {
    // what cannot be read is no draft
  }
  dropDraft(key);
  return null;
}

export function dropDraft(key: string): void {
  localStorage.removeItem(PREFIX + key);
}

/** data-draft-offer="key": shown where such a draft waits. */
export function offerDraft(node: HTMLElement): void {
  node.hidden = keptDraft(node.dataset["draftOffer"] ?? "") === null;
}

const keyOf = (form: HTMLFormElement): string => location.pathname + ":" + (form.dataset["draft"] ?? "");

function controls(form: HTMLFormElement): Control[] {
  return [...form.elements].filter((c): c is Control =>
    (c instanceof HTMLInputElement || c instanceof HTMLTextAreaElement || c instanceof HTMLSelectElement) && c.name !== "" && !["password", "file", "submit", "button"].includes(c.type) && c.name !== "csrfmiddlewaretoken" && c.name !== "version");
}

function valueOf(c: Control): string | boolean | string[][] {
  if (c instanceof HTMLInputElement && (c.type === "checkbox" || c.type === "radio")) return c.checked;
  if (c instanceof HTMLSelectElement) return [...c.selectedOptions].map((o) => [o.value, o.text]);
  return c.value;
}

function setValue(c: Control, value: unknown): void {
  if (c instanceof HTMLInputElement && (c.type === "checkbox" || c.type === "radio")) c.checked = value === true;
  else if (c instanceof HTMLSelectElement && Array.isArray(value)) {
    const chosen = value as string[][];
    for (const [v = "", label = v] of chosen) if (![...c.options].some((o) => o.value === v)) c.add(new Option(label, v));
    for (const option of c.options) option.selected = chosen.some(([v]) => v === option.value);
  } else if (typeof value === "string") c.value = value;
  c.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

type Kept = Map<string, unknown[]>;
/** What a draft says about fields that are still folded: they are drawn by the server first. */
const folded = new WeakMap<HTMLFormElement, Kept>();

function save(form: HTMLFormElement): void {
  const waiting = [...(folded.get(form) ?? [])].flatMap(([name, values]) => values.map((value) => [name, value]));
  keepDraft(keyOf(form), { values: [...controls(form).map((c) => [c.name, valueOf(c)]), ...waiting] });
}

/** Gives controls what the draft kept for them; true where that changed one. */
function fill(some: Control[], kept: Kept): boolean {
  let changed = false;
  for (const control of some) {
    const value = kept.get(control.name)?.shift();
    if (value === undefined || JSON.stringify(value) === JSON.stringify(valueOf(control))) continue;
    setValue(control, value);
    changed = true;
  }
  return changed;
}

function unfold(form: HTMLFormElement, kept: Kept): boolean {
  const rests = all("[data-rest]", form).filter((rest) => namesOf(rest).some((name) => kept.get(name)?.length));
  if (!rests.length) return false;
  folded.set(form, kept);
  for (const rest of rests) {
    const headers = JSON.parse(rest.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
    void htmx.ajax("GET", rest.getAttribute("hx-get") ?? "", { source: rest, target: rest.parentElement ?? rest, swap: "outerHTML", headers });
  }
  return true;
}

const namesOf = (rest: HTMLElement): string[] => (rest.dataset["rest"] ?? "").split(" ");

/** A folded part of a form was opened: the draft's values come back, and whoever opened it goes on in it. */
export function opened(node: HTMLElement): void {
  const form = node.closest<HTMLFormElement>("form[data-draft]");
  const kept = form && folded.get(form);
  if (form && kept) fill(controls(form).filter((control) => node === control || node.contains(control)), kept);
  if (!form || !node.dataset["field"] || form.dataset["opens"] !== node.dataset["field"]) return;
  delete form.dataset["opens"];
  find("input:not([type=hidden]), select, textarea", node)?.focus();
}

export function restoreDraft(form: HTMLFormElement): void {
  if (form.dataset["draftReady"]) return;
  form.dataset["draftReady"] = "true";
  const kept = keptDraft<{ values: [string, unknown][] }>(keyOf(form));
  if (!kept || find(".errors", form)) return;
  const queue: Kept = new Map();
  for (const [name, value] of kept.values) queue.set(name, [...(queue.get(name) ?? []), value]);
  const changed = fill(controls(form), queue);
  const more = unfold(form, queue);
  const bar = find("[data-draft-bar]", form);
  if (bar) bar.hidden = !changed && !more;
}

const timers = new Map<HTMLFormElement, number>();
function later(event: Event): void {
  const form = closest(event, "form[data-draft]");
  if (!(form instanceof HTMLFormElement) || event.type === "draft:restored") return;
  clearTimeout(timers.get(form));
  timers.set(form, window.setTimeout(() => flush(form), 400));
}

function flush(form: HTMLFormElement): void {
  clearTimeout(timers.get(form));
  timers.delete(form);
  save(form);
}

export function clearDraft(form: HTMLFormElement): void {
  clearTimeout(timers.get(form));
  timers.delete(form);
  dropDraft(keyOf(form));
}

export function installDrafts(): void {
  belong();
  all<HTMLFormElement>("form[data-draft]").forEach(restoreDraft);
  all("[data-draft-offer]").forEach(offerDraft);
  document.addEventListener("input", later);
  document.addEventListener("change", later);
  // whoever leaves in the middle of a word finds it again
  window.addEventListener("pagehide", () => [...timers.keys()].forEach(flush));
  document.addEventListener("submit", (event) => {
    if (!closest(event, "form[data-forget]")) return;
    over = true;
    forgetAll();
  });
  document.addEventListener("click", (event) => {
    const kept = closest(event, "[data-draft-drop]");
    if (kept) {
      dropDraft(kept.dataset["draftDrop"] ?? "");
      all("[data-draft-offer]").forEach(offerDraft);
    }
    const rest = closest(event, "[data-rest]");
    if (rest?.closest("form")) rest.closest("form")!.dataset["opens"] = namesOf(rest)[0] ?? "";
    const form = closest(event, "[data-draft-discard]")?.closest("form");
    if (!form) return;
    clearDraft(form);
    location.reload();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = (event as CustomEvent<{ ctx: { sourceElement: Element; response?: { status: number }; request: { method: string } } }>).detail;
    const form = ctx.sourceElement.closest<HTMLFormElement>("form[data-draft]");
    const saved = ctx.request.method.toUpperCase() !== "GET" && ctx.response && ctx.response.status < 300;
    if (form && saved) clearDraft(form);
    const lines = ctx.sourceElement.closest<HTMLFormElement>("form[data-keep]");
    if (lines && saved && ctx.sourceElement === lines) dropDraft(lines.dataset["keep"] ?? "");
  });
  document.addEventListener("draft:clear", (event) => {
    const { key = "", value = key } = (event as CustomEvent<{ key?: string; value?: string }>).detail;
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX) && name.endsWith(`:${value}`)) localStorage.removeItem(name);
  });
}
