import { all, el, find } from "../core/dom";
import { getJson } from "../core/http";
import { t } from "../core/i18n";
import { failed } from "../core/toast";

interface Region {
  code: string;
  name: string;
}

/** Three selects over GB/T 2260 codes: data-url?parent=<code> → {"items":[{code,name}]}; the hidden input holds the deepest choice. */
export function mount(host: HTMLElement): void {
  const hidden = find<HTMLInputElement>("input[type=hidden]", host);
  const levels = all<HTMLSelectElement>("select", host);
  if (!hidden || levels.length === 0) return;
  const url = host.dataset["url"] ?? "";

  const fill = async (level: number, parent: string, chosen: string): Promise<void> => {
    for (const later of levels.slice(level)) {
      later.replaceChildren();
      later.disabled = true;
    }
    const select = levels[level];
    if (!select || (level > 0 && !parent)) return;
    try {
      const { items } = await getJson<{ items: Region[] }>(url, undefined, { parent });
      select.append(el("option", { value: "" }, t(`region_${level}`)));
      for (const item of items) select.append(new Option(item.name, item.code, false, item.code === chosen));
      select.disabled = items.length === 0 || hidden.disabled;
    } catch (error) {
      failed(error);
    }
  };
  const width = [2, 4, 6];
  /** 310104 → 31, 3104… whichever length the server uses, found by its prefix among the options. */
  const choose = (select: HTMLSelectElement | undefined, code: string, digits: number): string => {
    const option = [...(select?.options ?? [])].find((o) => o.value !== "" && o.value.replace(/0+$/, "").padEnd(digits, "0") === code.slice(0, digits));
    if (option) option.selected = true;
    return option?.value ?? "";
  };

  const start = async (): Promise<void> => {
    const code = hidden.value;
    let parent = "";
    for (let level = 0; level < levels.length; level++) {
      await fill(level, parent, "");
      if (!code) break;
      parent = choose(levels[level], code, width[level] ?? 6);
      if (!parent) break;
    }
  };
  levels.forEach((select, level) =>
    select.addEventListener("change", () => {
      hidden.value = select.value || levels[level - 1]?.value || "";
      hidden.dispatchEvent(new Event("change", { bubbles: true }));
      void fill(level + 1, select.value, "");
    }));
  hidden.addEventListener("draft:restored", () => void start());
  void start();
}
