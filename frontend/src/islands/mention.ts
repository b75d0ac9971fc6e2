import { debounce, el, find, marked } from "../core/dom";
import { getJson, withQuery } from "../core/http";
import { t } from "../core/i18n";

interface Person {
  id: number;
  name: string;
  detail: string;
  sees: boolean;
}
let serial = 0;

/** What stands between the last @ and the caret, if a name may be meant; null otherwise. Pure, so that it can be tested. */
export function typedName(text: string): { at: number; query: string } | null {
  const match = /(^|[^\w.@])@([^\s@，。；：、！？,;:!?()（）]{0,20})$/u.exec(text);
  return match ? { at: text.length - (match[2] ?? "").length - 1, query: match[2] ?? "" } : null;
}

/** A text area in which @ offers colleagues (characters, pinyin, initials); whom it is about goes into the hidden field. */
export function mount(host: HTMLElement): () => void {
  const area = find<HTMLTextAreaElement>("textarea", host);
  const hidden = find<HTMLInputElement>('input[name="mentions"]', host);
  if (!area || !hidden) return () => undefined;
  const id = `mention-${++serial}`;
  const list = el("div", { class: "menu mention-list", role: "listbox", id, "aria-label": t("mention") });
  host.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", id], ["aria-expanded", "false"]] as const) area.setAttribute(name, value);
  let shown: Person[] = [];
  let at = 0;
  let asked: AbortController | null = null;

  const close = (): void => {
    shown = [];
    list.classList.remove("show");
    area.setAttribute("aria-expanded", "false");
    area.removeAttribute("aria-activedescendant");
  };
  const mark = (): void => {
    [...list.children].forEach((node, n) => {
      node.classList.toggle("on", n === at);
      node.setAttribute("aria-selected", String(n === at));
    });
    area.setAttribute("aria-activedescendant", `${id}-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const pick = (person: Person): void => {
    const before = area.value.slice(0, area.selectionStart);
    const found = typedName(before);
    if (!found) return close();
    const head = `${before.slice(0, found.at)}@${person.name} `;
    area.value = head + area.value.slice(area.selectionStart);
    area.setSelectionRange(head.length, head.length);
    hidden.value = [...new Set([...hidden.value.split(",").filter(Boolean), String(person.id)])].join(",");
    close();
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const paint = (people: Person[], query: string): void => {
    shown = people;
    at = 0;
    list.replaceChildren(...people.map((one, n) => {
      const row = el("div", { class: "menu-item", role: "option", id: `${id}-${n}` }, el("span", {}, marked(one.name, query)), el("span", { class: "hint" }, one.sees ? one.detail : t("mention_unseen")));
      row.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        pick(one);
      });
      return row;
    }));
    list.classList.toggle("show", people.length > 0);
    area.setAttribute("aria-expanded", String(people.length > 0));
    if (!people.length) return;
    const box = area.getBoundingClientRect();
    const below = innerHeight - box.bottom > 220 || box.top < 220;
    list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
    list.style.top = below ? `${box.bottom + 2}px` : `${box.top - list.offsetHeight - 2}px`;
    mark();
  };
  const ask = debounce(120, async (query: string) => {
    asked?.abort();
    asked = new AbortController();
    const { url = "", type = "", id: key = "" } = host.dataset;
    try {
      const { people } = await getJson<{ people: Person[] }>(withQuery(url, { q: query, type, id: key }), asked.signal);
      if (typedName(area.value.slice(0, area.selectionStart))?.query === query) paint(people, query);
    } catch {
      close(); // the name can be written out as well
    }
  });
  const onInput = (): void => {
    const found = typedName(area.value.slice(0, area.selectionStart));
    if (found) ask(found.query);
    else close();
  };
  const onKey = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return area.form?.requestSubmit();
    if (!shown.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + shown.length) % shown.length;
    else if (event.key === "Enter" || event.key === "Tab") pick(shown[at] as Person);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) mark();
  };
  area.addEventListener("input", onInput);
  area.addEventListener("keydown", onKey);
  area.addEventListener("blur", close);
  return () => list.remove();
}
