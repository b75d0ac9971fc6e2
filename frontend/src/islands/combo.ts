import { all, append, debounce, el, icon, marked } from "../core/dom";
import { getJson } from "../core/http";
import { t } from "../core/i18n";
import { place } from "../core/overlay";
import { failed } from "../core/toast";

export interface Option {
  value: string;
  label: string;
  sub?: string;
  color?: string;
}
let serial = 0;

/**
 * A <select> that can be searched, also at the server (data-url → {"items":[{value,label,sub,color}]} for ?q=),
 * hold many values (multiple) and make new ones (data-create). The select stays the truth: forms, drafts and
 * htmx see an ordinary control.
 */
export function mount(host: HTMLElement): () => void {
  const source = host as HTMLSelectElement;
  const many = source.multiple;
  const url = source.dataset["url"];
  const id = `combo-${++serial}`;
  const name = labelOf(source);

  const input = el("input", { type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", "aria-label": name, id: `${id}-in` });
  const list = el("div", { class: "menu combo-list", role: "listbox", id, "aria-label": name });
  if (many) list.setAttribute("aria-multiselectable", "true");
  const box = el("div", { class: "combo-box" }, input);
  const clear = el("button", { type: "button", class: "combo-clear", "aria-label": t("clear"), hidden: true }, icon("x", 14));
  const wrap = el("div", { class: "combo" }, box, clear, list);
  source.classList.add("combo-src");
  source.tabIndex = -1;
  source.setAttribute("aria-hidden", "true");
  source.after(wrap);
  wrap.prepend(source);
  const label = source.id ? document.querySelector<HTMLLabelElement>(`label[for="${CSS.escape(source.id)}"]`) : null;
  label?.setAttribute("for", input.id);
  for (const attribute of ["aria-describedby", "aria-invalid", "aria-required"]) {
    const value = source.getAttribute(attribute);
    if (value) input.setAttribute(attribute, value);
  }
  input.disabled = source.disabled;

  let open = false;
  let at = -1;
  let shown: (Option & { create?: boolean })[] = [];
  let asked: AbortController | null = null;

  const chosen = (): HTMLOptionElement[] => [...source.options].filter((o) => o.selected && o.value !== "");
  const local = (): Option[] => [...source.options].filter((o) => o.value !== "").map((o) => ({ value: o.value, label: o.text, ...(o.dataset["sub"] ? { sub: o.dataset["sub"] } : {}), ...(o.dataset["color"] ? { color: o.dataset["color"] } : {}) }));

  const paint = (): void => {
    for (const node of all(".pill, .single", box)) node.remove();
    const picked = chosen();
    for (const option of picked) {
      const view = many ? pill(option) : el("span", { class: "single" }, mark(option.dataset["color"]), el("span", { class: "ellipsis" }, option.text.trim()));
      box.insertBefore(view, input);
    }
    input.placeholder = picked.length ? "" : source.dataset["placeholder"] ?? "";
    clear.hidden = many || source.required || source.disabled || picked.length === 0;
  };
  const pill = (option: HTMLOptionElement): HTMLElement => {
    const remove = el("button", { type: "button", class: "tagx", tabindex: "-1", "aria-label": t("combo_remove", { label: option.text }) }, icon("x", 12));
    remove.addEventListener("click", (event) => {
      event.stopPropagation();
      option.selected = false;
      changed();
    });
    return el("span", { class: `pill c-${option.dataset["color"] || "gray"}` }, el("span", {}, option.text.trim()), source.disabled ? null : remove);
  };
  const changed = (): void => {
    paint();
    source.dispatchEvent(new Event("input", { bubbles: true }));
    source.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const pick = (item: Option): void => {
    let option = [...source.options].find((o) => o.value === item.value);
    if (!option) {
      option = new Option(item.label, item.value);
      if (item.color) option.dataset["color"] = item.color;
      source.add(option);
    }
    option.selected = many ? !option.selected : true;
    input.value = "";
    changed();
    if (many) void search();
    else shut();
    input.focus();
  };

  const point = (index: number): void => {
    at = shown.length ? (index + shown.length) % shown.length : -1;
    const nodes = all("[role=option]", list);
    nodes.forEach((node, i) => node.classList.toggle("on", i === at));
    nodes[at]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", nodes[at]?.id ?? "");
  };

  const render = (query: string): void => {
    list.replaceChildren();
    shown.forEach((item, i) => {
      const on = chosen().some((o) => o.value === item.value);
      const text = el("span", { class: "grow" }, item.create ? t("combo_create", { q: item.label }) : marked(item.label, query));
      if (item.sub) append(text, [" ", el("span", { class: "sub" }, item.sub)]);
      const node = el("div", { class: "menu-item", role: "option", id: `${id}-${i}`, "aria-selected": String(on), ...(on ? { "aria-checked": "true" } : {}) }, mark(item.color), text);
      node.addEventListener("pointerdown", (event) => event.preventDefault());
      node.addEventListener("click", () => pick(item));
      list.append(node);
    });
    if (!shown.length) list.append(el("div", { class: "combo-note" }, url && !query ? t("combo_more") : t("combo_none")));
    point(shown.length && query ? 0 : -1);
    place(list, box);
  };

  const matches = (query: string): Option[] => local().filter((o) => `${o.label} ${o.sub ?? ""}`.toLowerCase().includes(query.toLowerCase()));
  const search = async (): Promise<void> => {
    if (!open) return;
    const query = input.value.trim();
    let items = matches(query);
    if (url) {
      asked?.abort();
      asked = new AbortController();
      try {
        const answer = await getJson<{ items: Option[] }>(url, asked.signal, { q: query });
        items = answer.items.map((item) => ({ ...item, value: String(item.value) }));
      } catch (error) {
        if (error instanceof DOMException) return;
        failed(error);
      }
    }
    shown = items.slice(0, 100);
    if (source.dataset["create"] && query && !items.some((o) => o.label === query)) shown.push({ value: query, label: query, create: true });
    if (open) render(query);
  };
  const soon = debounce(url ? 180 : 0, () => void search());

  const unfold = (): void => {
    if (open || source.disabled) return;
    open = true;
    wrap.classList.add("open");
    list.classList.add("show");
    list.style.width = `${box.offsetWidth}px`;
    input.setAttribute("aria-expanded", "true");
    shown = matches("");
    render("");
    if (url) void search();
  };
  const shut = (): void => {
    open = false;
    asked?.abort();
    wrap.classList.remove("open");
    list.classList.remove("show");
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const item = shown[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) unfold();
      else point(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && open && item) {
      event.preventDefault();
      pick(item);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      shut();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      input.value = "";
      shut();
    } else if (event.key === "Backspace" && input.value === "") {
      const last = chosen().at(-1);
      if (last) {
        last.selected = false;
        changed();
      }
    } else if ((event.key === "," || event.key === "，" || event.key === "、") && source.dataset["create"] && input.value.trim()) {
      event.preventDefault();
      pick({ value: input.value.trim(), label: input.value.trim() });
    }
  };

  box.addEventListener("click", () => {
    input.focus();
    unfold();
  });
  clear.addEventListener("click", () => {
    for (const option of source.options) option.selected = false;
    source.value = "";
    changed();
    input.focus();
  });
  input.addEventListener("input", (event) => {
    unfold();
    if (!(event as InputEvent).isComposing) soon();
  });
  input.addEventListener("compositionend", () => soon());
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => {
    input.value = "";
    shut();
  });
  for (const name of ["input", "change"]) input.addEventListener(name, (event) => event.stopPropagation());
  source.addEventListener("draft:restored", paint);
  source.addEventListener("combo:refresh", paint);
  const onScroll = (event: Event): void => {
    if (open && event.target instanceof Node && !list.contains(event.target)) place(list, box);
  };
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  paint();
  if (source.autofocus || source.closest("td.editing, dd.editing")) {
    input.focus();
    unfold();
  }
  return () => document.removeEventListener("scroll", onScroll, { capture: true });
}

const mark = (color: string | undefined): HTMLElement | null => (color ? el("span", { class: `dot c-${color}` }) : null);

function labelOf(source: HTMLSelectElement): string {
  const given = source.getAttribute("aria-label");
  return given ?? source.labels?.[0]?.textContent?.replace("*", "").trim() ?? source.name;
}
