import Sortable from "sortablejs";
import { all, closest, el, find } from "../core/dom";
import { post } from "../core/http";
import { t } from "../core/i18n";
import { closeMenu, place } from "../core/overlay";
import { failed } from "../core/toast";

const COLORS = "blue azure indigo purple pink red orange yellow green teal gray".split(" ");

/**
 * Rows that are added from the <template>, dragged, moved with the arrow buttons and taken away: options of a choice,
 * columns of a table, the first fields of an object. Their inputs are posted as they stand. With data-order-url the
 * order of the rows' data-key is posted as soon as it changes.
 */
export function mount(host: HTMLElement): () => void {
  const list = host.matches("ol, ul") ? host : find("ol, ul", host);
  if (!list) return () => undefined;
  const template = find<HTMLTemplateElement>("template", host);
  const colors = (host.dataset["colors"] ?? "").split(" ").filter(Boolean);
  const rows = (): HTMLElement[] => all("[data-row-item]", list);

  const ordered = (): void => {
    const url = host.dataset["orderUrl"];
    host.dispatchEvent(new Event("change", { bubbles: true }));
    if (!url) return;
    const body = new FormData();
    for (const row of rows()) body.append("key", row.dataset["key"] ?? "");
    void post(url, body).catch(failed);
  };
  const sortable = Sortable.create(list, { handle: ".grip", draggable: "[data-row-item]", animation: 120, ghostClass: "sortable-ghost", onEnd: ordered });

  const add = (label = ""): HTMLElement | null => {
    const row = template?.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined;
    if (!row) return null;
    const color = colors[rows().length % (colors.length || 1)];
    if (color) paint(row, color);
    list.append(row);
    const input = find<HTMLInputElement>("input.form-control", row);
    if (input) {
      input.value = label;
      if (!label) input.focus();
    }
    host.dispatchEvent(new Event("change", { bubbles: true }));
    return row;
  };
  const paint = (row: Element, color: string): void => {
    const button = find(".swatch-btn", row);
    const input = find<HTMLInputElement>(".swatch input", row);
    if (!button || !input) return;
    input.value = color;
    button.className = `swatch-btn c-${color}`;
  };

  /* ── the palette of ten ── */
  let palette: HTMLElement | null = null;
  const shut = (): void => {
    palette?.remove();
    palette = null;
  };
  const choose = (button: HTMLElement): void => {
    const had = palette;
    shut();
    closeMenu();
    if (had?.dataset["for"] === button.dataset["open"] && had) return;
    palette = el("div", { class: "menu show palette-ten", role: "group", "aria-label": button.getAttribute("aria-label") ?? "" });
    for (const color of COLORS) {
      const dot = el("button", { type: "button", class: `swatch-btn c-${color}`, "aria-label": t(`color_${color}`) }, el("span", { class: "dot" }));
      dot.addEventListener("click", () => {
        paint(button.closest("[data-row-item]") ?? host, color);
        shut();
        button.focus();
        host.dispatchEvent(new Event("change", { bubbles: true }));
      });
      palette.append(dot);
    }
    button.after(palette);
    place(palette, button);
    find("button", palette)?.focus();
  };
  const outside = (event: Event): void => {
    if (palette && event.target instanceof Node && !palette.contains(event.target) && !closest(event, "[data-swatch]")) shut();
  };
  const onEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && palette) {
      event.stopPropagation();
      shut();
    }
  };
  document.addEventListener("click", outside);

  const bulk = find<HTMLTextAreaElement>("[data-row-bulk]", host);
  bulk?.addEventListener("change", () => {
    for (const row of rows()) if (![...all<HTMLInputElement>("input", row)].some((i) => i.value && i.name !== "option-color")) row.remove();
    for (const line of bulk.value.split("\n").map((l) => l.trim()).filter(Boolean)) add(line);
    bulk.value = "";
    bulk.hidden = true;
  });

  const onClick = (event: MouseEvent): void => {
    const swatch = closest(event, "[data-swatch]");
    if (swatch) return choose(swatch);
    if (closest(event, "[data-row-add]")) return void add();
    if (closest(event, "[data-row-paste]") && bulk) {
      bulk.hidden = !bulk.hidden;
      return bulk.focus();
    }
    const row = closest(event, "[data-row-item]");
    if (!row) return;
    const move = closest(event, "[data-move]");
    if (move) {
      event.preventDefault();
      if (move.dataset["move"] === "-1") row.previousElementSibling?.before(row);
      else row.nextElementSibling?.after(row);
      move.focus();
      return ordered();
    }
    if (closest(event, "[data-row-drop]")) {
      row.remove();
      host.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    const archive = closest(event, "[data-archive]");
    const hidden = archive && find<HTMLInputElement>("[data-archived]", row);
    if (archive && hidden) {
      hidden.value = hidden.value ? "" : "1";
      archive.setAttribute("aria-pressed", String(hidden.value === "1"));
      host.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  host.addEventListener("click", onClick);
  host.addEventListener("keydown", onEscape);
  host.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key !== "Enter" || event.isComposing || !(input instanceof HTMLInputElement) || !template) return;
    event.preventDefault();
    const at = rows().findIndex((row) => row.contains(input));
    const next = rows()[at + 1];
    if (next) find<HTMLInputElement>("input.form-control", next)?.focus();
    else add();
  });
  host.addEventListener("change", (event) => {
    const select = event.target;
    if (select instanceof HTMLSelectElement && select.matches("[data-row-kind]")) select.closest<HTMLElement>("[data-row-item]")!.dataset["kind"] = select.value;
  });
  return () => {
    sortable.destroy();
    document.removeEventListener("click", outside);
    shut();
  };
}
