import { all, debounce, el, find, icon, marked } from "../core/dom";
import { keepSealed, keptSealed } from "../core/draft";
import { postJson } from "../core/http";
import { t } from "../core/i18n";
import { openModal } from "../core/overlay";
import { failed } from "../core/toast";

interface Item {
  label: string;
  sub?: string;
  url: string;
  icon?: string;
  kind?: string;
  modal?: boolean;
}
interface Answer {
  groups: { label: string; items: Item[] }[];
}
const RECENT = "k-recent";
const KEEP = 8;

function recents(): Item[] {
  return (keptSealed<Item[]>(RECENT) ?? []).slice(0, KEEP);
}

function remember(item: Item): void {
  if (item.kind === "action") return;
  const list = [item, ...recents().filter((other) => other.url !== item.url)].slice(0, KEEP);
  keepSealed(RECENT, list);
}

/** Searches as one types; while an input method is composing (pinyin not yet chosen) nothing is asked. */
export function mount(host: HTMLElement): void {
  const dialog = host as HTMLDialogElement;
  const input = find<HTMLInputElement>("input", host);
  const list = find("[role=listbox]", host);
  if (!input || !list) return;
  let shown: Item[] = [];
  let at = 0;
  let composing = false;
  let asked: AbortController | null = null;
  const cache = new Map<string, Answer>();

  const select = (index: number): void => {
    at = shown.length ? (index + shown.length) % shown.length : 0;
    all("[role=option]", list).forEach((node, i) => node.setAttribute("aria-selected", String(i === at)));
    const active = all("[role=option]", list)[at];
    active?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", active?.id ?? "");
  };

  const render = (answer: Answer, query: string): void => {
    shown = answer.groups.flatMap((group) => group.items);
    list.replaceChildren();
    let i = 0;
    for (const group of answer.groups) {
      if (!group.items.length) continue;
      const box = el("div", { role: "group", "aria-label": group.label }, el("div", { class: "g", "aria-hidden": "true" }, group.label));
      for (const item of group.items) {
        const index = i++;
        const node = el("div", { class: "palette-item", role: "option", id: `palette-${index}`, "aria-selected": "false" }, icon(item.icon || "arrow-right", 18), el("span", { class: "ellipsis" }, marked(item.label, query)), item.sub ? el("span", { class: "sub ellipsis" }, marked(item.sub, query)) : null);
        node.addEventListener("pointermove", () => at !== index && select(index));
        node.addEventListener("click", (event) => go(item, event.ctrlKey || event.metaKey));
        box.append(node);
      }
      list.append(box);
    }
    if (!shown.length) list.append(el("div", { class: "combo-note" }, query ? t("search_none", { q: query }) : t("search_hint")));
    select(0);
  };

  const go = (item: Item, newTab = false): void => {
    remember(item);
    if (newTab) return void window.open(item.url, "_blank", "noopener");
    dialog.close();
    if (item.modal) openModal(item.url, item.label);
    else location.assign(item.url);
  };

  const ask = async (): Promise<void> => {
    const query = input.value.trim();
    asked?.abort();
    const known = cache.get(query);
    if (known) return render(withRecents(known, query), query);
    asked = new AbortController();
    try {
      const answer = await postJson<Answer>(host.dataset["url"] ?? "", { q: query }, asked.signal);
      cache.set(query, answer);
      if (input.value.trim() === query) render(withRecents(answer, query), query);
    } catch (error) {
      if (!(error instanceof DOMException)) failed(error);
    }
  };
  const soon = debounce(120, () => void (composing || ask()));

  input.addEventListener("compositionstart", () => (composing = true));
  input.addEventListener("compositionend", () => {
    composing = false;
    soon();
  });
  input.addEventListener("input", () => composing || soon());
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = event.key === "ArrowDown" || (event.ctrlKey && event.key === "n") ? 1 : event.key === "ArrowUp" || (event.ctrlKey && event.key === "p") ? -1 : 0;
    if (step) {
      event.preventDefault();
      select(at + step);
    }
    const item = shown[at];
    if (event.key === "Enter" && item) {
      event.preventDefault();
      go(item, event.ctrlKey || event.metaKey);
    }
  });
  // emptied when it closes, not when it opens: who types at once would lose what stands there before this file has come
  dialog.addEventListener("close", () => (input.value = ""));
  host.addEventListener("palette:open", () => {
    cache.clear();
    if (!input.value) render({ groups: recentGroup() }, "");
    input.focus();
    void ask();
  });
}

const recentGroup = (): Answer["groups"] => {
  const items = recents();
  return items.length ? [{ label: t("recent"), items }] : [];
};
function withRecents(answer: Answer, query: string): Answer {
  if (query) return answer;
  const mine = recentGroup();
  const urls = new Set(mine.flatMap((group) => group.items.map((item) => item.url)));
  return { groups: [...mine, ...answer.groups.map((group) => ({ ...group, items: group.items.filter((item) => !urls.has(item.url)) }))] };
}
