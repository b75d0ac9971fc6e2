import { completion, insert } from "./complete";
import { debounce, el, find, marked, type Child } from "../core/dom";
import { getJson } from "../core/http";
import { t } from "../core/i18n";

interface Person {
  id: number;
  name: string;
  detail: string;
  sees: boolean;
}

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
  const before = (): string => area.value.slice(0, area.selectionStart);
  let query = "";
  let asked: AbortController | null = null;

  const pick = (person: Person): void => {
    const found = typedName(before());
    if (!found) return menu.close();
    hidden.value = [...new Set([...hidden.value.split(",").filter(Boolean), String(person.id)])].join(",");
    insert(area, found.at, `@${person.name} `, area.value.slice(area.selectionStart));
    menu.close();
  };
  const row = (one: Person): Child[] => [el("span", {}, marked(one.name, query)), el("span", { class: "hint" }, one.sees ? one.detail : t("mention_unseen"))];
  const menu = completion<Person>(area, host, { name: "mention-menu", label: t("mention"), row, pick });
  const ask = debounce(120, async (wanted: string) => {
    asked?.abort();
    asked = new AbortController();
    const { url = "", type = "", id: key = "" } = host.dataset;
    try {
      const { people } = await getJson<{ people: Person[] }>(url, asked.signal, { q: wanted, type, id: key });
      if (typedName(before())?.query !== wanted) return;
      query = wanted;
      menu.show(people);
    } catch {
      menu.close(); // the name can be written out as well
    }
  });
  const onInput = (): void => {
    const found = typedName(before());
    if (found) ask(found.query);
    else menu.close();
  };
  const onKey = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return area.form?.requestSubmit();
    menu.key(event);
  };
  area.addEventListener("input", onInput);
  area.addEventListener("keydown", onKey);
  return () => menu.remove();
}
