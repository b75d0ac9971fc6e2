import { el, type Child } from "../core/dom";
import { place } from "../core/overlay";

export interface Completion<T> {
  /** Shows what may be meant; an empty list closes the menu. */
  show(offers: T[]): void;
  close(): void;
  /** Whether the key was for the menu; asked before anything else is done with it. */
  key(event: KeyboardEvent): boolean;
  remove(): void;
}
interface Ways<T> {
  name: string;
  label: string;
  row: (offer: T) => Child[];
  pick: (offer: T) => void;
}
const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
let serial = 0;

/** The menu under a text area that offers how what is being written may go on. The area stays a text box: that is the only role it may have. */
export function completion<T>(area: HTMLTextAreaElement, host: HTMLElement, { name, label, row, pick }: Ways<T>): Completion<T> {
  const id = `${name}-${++serial}`;
  const menu = el("div", { class: `menu ${name}`, role: "listbox", id, "aria-label": label });
  host.append(menu);
  for (const [key, value] of [["aria-autocomplete", "list"], ["aria-controls", id], ["aria-haspopup", "listbox"]] as const) area.setAttribute(key, value);
  let shown: T[] = [];
  let at = 0;

  const close = (): void => {
    shown = [];
    menu.classList.remove("show");
    area.removeAttribute("aria-activedescendant");
  };
  const mark = (): void => {
    [...menu.children].forEach((node, n) => {
      node.classList.toggle("on", n === at);
      node.setAttribute("aria-selected", String(n === at));
    });
    area.setAttribute("aria-activedescendant", `${id}-${at}`);
    menu.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const line = (offer: T, n: number): HTMLElement => {
    const item = el("div", { class: "menu-item", role: "option", id: `${id}-${n}` }, ...row(offer));
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the area keeps the focus
      pick(offer);
    });
    return item;
  };
  const show = (offers: T[]): void => {
    if (!offers.length) return close();
    shown = offers;
    at = 0;
    menu.replaceChildren(...offers.map(line));
    menu.classList.add("show");
    place(menu, area);
    mark();
  };
  const key = (event: KeyboardEvent): boolean => {
    const chosen = shown[at];
    if (chosen === undefined) return false;
    const step = STEPS[event.key];
    if (step) {
      at = (at + step + shown.length) % shown.length;
      mark();
    } else if (event.key === "Enter" || event.key === "Tab") pick(chosen);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  area.addEventListener("blur", close);
  return { show, close, key, remove: () => menu.remove() };
}

/** Puts a text between `from` and what follows the caret, leaves the caret `back` before its end, and tells whoever listens. */
export function insert(area: HTMLTextAreaElement, from: number, text: string, rest: string, back = 0): void {
  const head = area.value.slice(0, from) + text;
  area.value = head + rest;
  area.setSelectionRange(head.length - back, head.length - back);
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
