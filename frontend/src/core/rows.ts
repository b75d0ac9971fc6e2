import { all, closest, find } from "./dom";
import { htmx } from "./htmx";
import { t } from "./i18n";
import { modalBody, openDrawer, openModal, show } from "./overlay";

/* ── cursor: j k Enter space e x ── */
const rows = (): HTMLElement[] => all("[data-rows] [data-row]").filter((row) => row.offsetParent !== null || row.getClientRects().length > 0);
export const currentRow = (): HTMLElement | null => find("[data-row].cursor");

function setCursor(row: HTMLElement): void {
  currentRow()?.classList.remove("cursor");
  row.classList.add("cursor");
  row.scrollIntoView({ block: "nearest" });
  const peek = find<HTMLDialogElement>("#peek");
  if (peek?.open && !peek.matches(":modal")) peekRow();
}

export function moveCursor(step: number): boolean {
  const list = rows();
  if (!list.length) return false;
  const at = currentRow();
  const next = at ? Math.max(0, Math.min(list.length - 1, list.indexOf(at) + step)) : 0;
  const row = list[next];
  if (row) setCursor(row);
  return true;
}
export function openRow(): boolean {
  const url = currentRow()?.dataset["href"];
  if (url) location.assign(url);
  return Boolean(url);
}
export function peekRow(row = currentRow()): boolean {
  const url = row?.dataset["peekUrl"];
  if (!url) return false;
  openDrawer(url, row?.querySelector(".primary")?.textContent ?? "", row?.dataset["href"] ?? "", true);
  return true;
}
export function editRow(): boolean {
  const url = currentRow()?.dataset["formUrl"];
  if (url) openModal(url);
  return Boolean(url);
}
export function toggleRow(): boolean {
  const box = currentRow()?.querySelector<HTMLInputElement>("[data-select]");
  box?.click();
  return Boolean(box);
}

/* ── selection: shift for a range, "all N matching" beyond the page ── */
let last: HTMLInputElement | null = null;
const boxes = (table: Element): HTMLInputElement[] => all<HTMLInputElement>("[data-select]", table);
const barFor = (table: Element): HTMLElement | null => find(`[data-bulk-for="${table.id}"]`);

function paint(table: HTMLElement): void {
  const list = boxes(table);
  const chosen = list.filter((box) => box.checked);
  for (const box of list) box.closest("[data-row]")?.classList.toggle("selected", box.checked);
  const head = find<HTMLInputElement>("[data-select-all]", table);
  if (head) {
    head.checked = list.length > 0 && chosen.length === list.length;
    head.indeterminate = chosen.length > 0 && chosen.length < list.length;
  }
  const bar = barFor(table);
  if (!bar) return;
  if (chosen.length !== list.length) delete table.dataset["allMatching"];
  bar.hidden = chosen.length === 0;
  const count = find("[data-bulk-count]", bar);
  const total = Number(table.dataset["total"] ?? chosen.length);
  const allMatching = table.dataset["allMatching"] === "true";
  if (count) count.textContent = allMatching ? t("selected_all", { n: table.dataset["totalText"] ?? total.toLocaleString("en") }) : t("selected", { n: chosen.length });
  const more = find("[data-bulk-all]", bar);
  if (more) more.hidden = allMatching || chosen.length < list.length || total <= list.length;
}

/** Never trust a half-painted page: what is sent is read from the boxes at the moment of sending. */
function selection(table: HTMLElement): Record<string, string> {
  if (table.dataset["allMatching"] === "true") return { all: "1", query: location.search.replace(/^\?/, "") };
  return { ids: boxes(table).filter((box) => box.checked).map((box) => box.value).join(",") };
}

function onSelect(event: MouseEvent): void {
  const box = closest(event, "[data-select]") as HTMLInputElement | null;
  const head = closest(event, "[data-select-all]") as HTMLInputElement | null;
  const table = (box ?? head)?.closest<HTMLElement>("[data-rows]");
  if (!table) return;
  if (head) for (const one of boxes(table)) one.checked = head.checked;
  if (box) {
    const list = boxes(table);
    if (event.shiftKey && last && list.includes(last)) {
      const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b) as [number, number];
      for (const one of list.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
  }
  paint(table);
}

/** On the phone a tap opens a card, until several are to be chosen: then it chooses. */
function onPick(event: MouseEvent): void {
  const button = closest(event, "[data-pick]");
  if (button) {
    const table = document.getElementById(button.dataset["pick"] ?? "");
    const picking = table?.classList.toggle("picking") ?? false;
    button.setAttribute("aria-pressed", String(picking));
    if (table && !picking) clear(table);
    return;
  }
  const row = closest(event, ".picking [data-row]");
  const box = row?.querySelector<HTMLInputElement>("[data-select]");
  if (!box || event.target === box || !box.checkVisibility()) return;
  event.preventDefault();
  event.stopPropagation();
  box.click();
}

function clear(table: HTMLElement): void {
  for (const box of boxes(table)) box.checked = false;
  paint(table);
}

function onBulk(event: MouseEvent): void {
  const bar = closest(event, "[data-bulk-for]");
  const table = bar && document.getElementById(bar.dataset["bulkFor"] ?? "");
  if (!table) return;
  if (closest(event, "[data-bulk-all]")) {
    table.dataset["allMatching"] = "true";
    paint(table);
  }
  if (closest(event, "[data-bulk-clear]")) clear(table);
  const action = closest(event, "[data-bulk-url]");
  const modal = modalBody();
  if (!action || !modal) return;
  const heading = find("h2", modal.dialog);
  if (heading) heading.textContent = action.textContent?.trim() ?? "";
  modal.body.replaceChildren();
  show(modal.dialog);
  void htmx.ajax("POST", action.dataset["bulkUrl"] ?? "", { target: modal.body, swap: "innerHTML", values: selection(table) });
}

export function installRows(): void {
  document.addEventListener("click", onPick, true); // before whatever a card does when it is tapped
  document.addEventListener("click", (event) => {
    onSelect(event);
    onBulk(event);
    if (closest(event, "[data-peek]")) peekRow(closest(event, "[data-row]"));
    const row = closest(event, "[data-row]");
    if (row && !row.classList.contains("cursor")) {
      currentRow()?.classList.remove("cursor");
      row.classList.add("cursor");
    }
  });
}
