import Sortable from "sortablejs";
import { all, closest, find } from "../core/dom";

interface SectionState {
  title: string;
  title_en: string;
  columns: number;
  fields: string[];
}

/**
 * Fields are dragged between sections and the tray of what is not shown; arrow buttons and Alt+arrows do the same from
 * the keyboard. The arrangement is written as JSON into the hidden input "state" before the form is sent.
 */
export function mount(host: HTMLElement): () => void {
  const hidden = find<HTMLInputElement>("input[name=state]", host);
  const stage = find("[data-sections]", host);
  const tray = find("[data-tray]", host);
  if (!hidden || !stage || !tray) return () => undefined;
  const kind = host.dataset["kind"] ?? "form";
  const template = find<HTMLTemplateElement>("[data-section-template]", host);
  const made = new Map<HTMLElement, Sortable>();
  const sections = (): HTMLElement[] => all("[data-section]", stage);
  const listOf = (part: Element): HTMLElement => find("[data-list]", part) as HTMLElement;
  const keys = (part: Element): string[] => all("[data-piece]", part).map((node) => node.dataset["piece"] ?? "");

  const store = (): void => {
    let state: unknown;
    if (kind === "list") state = { columns: keys(stage) };
    else if (kind === "board") state = { field: find<HTMLSelectElement>("[data-board-field]", host)?.value ?? "", card: keys(stage) };
    else {
      const told: SectionState[] = sections().map((part) => ({
        title: find<HTMLInputElement>("[data-title]", part)?.value ?? "",
        title_en: find<HTMLInputElement>("[data-title-en]", part)?.value ?? "",
        columns: Number(find("[data-columns]", part)?.dataset["columns"] ?? 1),
        fields: keys(part),
      }));
      state = { sections: told, hidden: keys(tray) };
    }
    hidden.value = JSON.stringify(state);
  };
  const changed = (): void => {
    store();
    host.dataset["dirty"] = "true";
  };

  const sort = (list: HTMLElement): void => {
    if (made.has(list)) return;
    made.set(list, Sortable.create(list, { group: "fields", draggable: "[data-piece]", animation: 120, delay: 120, delayOnTouchOnly: true, filter: "button", preventOnFilter: false, ghostClass: "sortable-ghost", onEnd: changed }));
  };
  for (const part of [...sections(), tray]) sort(listOf(part));
  const outer = template ? Sortable.create(stage, { handle: ".sgrip", draggable: "[data-section]", animation: 120, onEnd: changed }) : null;

  /* ── from the keyboard ── */
  const step = (piece: HTMLElement, by: number): void => {
    const next = by < 0 ? piece.previousElementSibling : piece.nextElementSibling;
    if (next) {
      if (by < 0) next.before(piece);
      else next.after(piece);
    } else if (!tray.contains(piece)) {
      const parts = sections();
      const other = parts[parts.findIndex((part) => part.contains(piece)) + by];
      if (!other) return;
      if (by < 0) listOf(other).append(piece);
      else listOf(other).prepend(piece);
    }
    changed();
  };
  const showing = (piece: HTMLElement, shown: boolean): void => {
    if (shown) listOf(sections().at(-1) ?? stage).append(piece);
    else listOf(tray).prepend(piece);
    changed();
  };
  const onClick = (event: MouseEvent): void => {
    const piece = closest(event, "[data-piece]");
    const move = closest(event, "[data-step]");
    if (piece && move) {
      step(piece, Number(move.dataset["step"]));
      move.focus();
      return;
    }
    if (piece && closest(event, "[data-show]")) {
      showing(piece, true);
      return piece.focus();
    }
    if (piece && closest(event, "[data-hide]")) {
      showing(piece, false);
      return piece.focus();
    }
    const part = closest(event, "[data-section]");
    const columns = closest(event, "[data-columns]");
    if (part && columns) {
      const two = columns.dataset["columns"] !== "2";
      columns.dataset["columns"] = two ? "2" : "1";
      columns.setAttribute("aria-pressed", String(two));
      listOf(part).classList.toggle("two", two);
      return changed();
    }
    const sectionStep = closest(event, "[data-section-step]");
    if (part && sectionStep) {
      if (sectionStep.dataset["sectionStep"] === "-1") part.previousElementSibling?.matches("[data-section]") && part.previousElementSibling.before(part);
      else part.nextElementSibling?.matches("[data-section]") && part.nextElementSibling.after(part);
      sectionStep.focus();
      return changed();
    }
    if (part && closest(event, "[data-section-drop]")) {
      for (const one of all("[data-piece]", part)) listOf(tray).append(one);
      part.remove();
      return changed();
    }
    if (closest(event, "[data-section-add]") && template) {
      const fresh = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
      template.before(fresh);
      sort(listOf(fresh));
      find<HTMLInputElement>("[data-title]", fresh)?.focus();
      changed();
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    const piece = closest(event, "[data-piece]");
    if (!piece || !event.altKey || !(event.key === "ArrowUp" || event.key === "ArrowDown")) return;
    event.preventDefault();
    step(piece, event.key === "ArrowUp" ? -1 : 1);
    piece.focus();
  };
  host.addEventListener("click", onClick);
  host.addEventListener("keydown", onKey);
  host.addEventListener("input", (event) => {
    const search = event.target;
    if (search instanceof HTMLInputElement && search.matches("[data-tray-search]")) {
      const query = search.value.trim().toLowerCase();
      for (const one of all("[data-piece]", tray)) one.hidden = !(one.textContent ?? "").toLowerCase().includes(query);
      return;
    }
    changed();
  });
  host.addEventListener("change", changed);
  host.addEventListener("submit", store);
  store();
  return () => {
    for (const one of made.values()) one.destroy();
    outer?.destroy();
  };
}
