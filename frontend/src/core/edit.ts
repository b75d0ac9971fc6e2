import { closest, find } from "./dom";
import { htmx } from "./htmx";

/**
 * Edit in place. An element with data-edit-url is opened by double-click (a fact also by click or Enter):
 * GET returns a form (hx-post to the same address, hx-target="closest [data-edit-url]" is added when missing);
 * the answer to the POST is either the form again with 422, or the new content of the cell.
 */
const before = new WeakMap<HTMLElement, Node[]>();

function restore(cell: HTMLElement): void {
  const nodes = before.get(cell);
  cell.classList.remove("editing");
  if (nodes) cell.replaceChildren(...nodes);
  before.delete(cell);
}

export async function edit(cell: HTMLElement): Promise<void> {
  if (cell.classList.contains("editing")) return;
  const other = find("[data-edit-url].editing");
  if (other) leave(other);
  before.set(cell, [...cell.childNodes]);
  cell.classList.add("editing");
  await htmx.ajax("GET", cell.dataset["editUrl"] ?? "", { target: cell, swap: "innerHTML" });
  const form = find<HTMLFormElement>("form", cell);
  if (!form) return restore(cell);
  const control = find<HTMLInputElement>("input:not([type=hidden]), select, textarea", form);
  control?.focus();
  if (control instanceof HTMLInputElement && /^(text|tel|email|url)$/.test(control.type)) control.select();
}

function onKey(event: KeyboardEvent): void {
  const cell = closest(event, "[data-edit-url].editing");
  if (!cell) {
    const fact = closest(event, "[data-edit-url]");
    if (fact && event.target === fact && (event.key === "Enter" || event.key === "F2")) {
      event.preventDefault();
      void edit(fact);
    }
    return;
  }
  if (event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    restore(cell);
    find("[data-edit-start]", cell)?.focus();
  }
  if (event.key === "Enter" && !event.shiftKey && event.target instanceof HTMLInputElement && event.target.getAttribute("aria-expanded") !== "true" && !event.defaultPrevented) {
    event.preventDefault();
    find<HTMLFormElement>("form", cell)?.requestSubmit();
  }
}

export function installEditing(): void {
  document.addEventListener("dblclick", (event) => {
    const cell = closest(event, "[data-edit-url]");
    if (cell && !closest(event, "a:not([href^='tel:'], [href^='mailto:']), button, input")) void edit(cell);
  });
  document.addEventListener("click", (event) => {
    const starter = closest(event, "[data-edit-start]")?.closest<HTMLElement>("[data-edit-url]");
    if (starter) return void edit(starter);
    const fact = closest(event, ".fact dd[data-edit-url]");
    if (fact && !closest(event, "a, button, input, form") && !getSelection()?.toString()) void edit(fact);
    const open = find("[data-edit-url].editing");
    if (open && event.target instanceof Element && event.target.isConnected && !open.contains(event.target) && !event.target.closest(".menu, dialog")) leave(open);
  });
  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.target;
    const cell = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-edit-url].editing") : null;
    if (cell && !find("form", cell)) {
      cell.classList.remove("editing");
      before.delete(cell);
    }
  });
}

/** Clicking away saves what was changed and drops an untouched editor. */
function leave(cell: HTMLElement): void {
  const form = find<HTMLFormElement>("form", cell);
  const changed = form && [...form.elements].some((c) => (c instanceof HTMLInputElement || c instanceof HTMLTextAreaElement ? c.type !== "hidden" && c.type !== "checkbox" && c.value !== c.defaultValue : c instanceof HTMLSelectElement && [...c.options].some((o) => o.selected !== o.defaultSelected)));
  if (form && changed) form.requestSubmit();
  else restore(cell);
}
