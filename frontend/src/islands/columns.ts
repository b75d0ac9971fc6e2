import Sortable from "sortablejs";
import { all, closest, find } from "../core/dom";

/** Choose and order columns: drag, or the arrow buttons; the checked boxes are submitted in the order seen. */
export function mount(host: HTMLElement): () => void {
  const list = find("ul", host);
  if (!list) return () => undefined;
  const sortable = Sortable.create(list, { handle: ".grip", animation: 120 });
  const moved = (): void => void host.dispatchEvent(new CustomEvent("columns:change", { bubbles: true, detail: all<HTMLInputElement>("input[type=checkbox]:checked", list).map((c) => c.value) }));
  host.addEventListener("click", (event) => {
    const button = closest(event, "[data-move]");
    const item = button?.closest("li");
    if (!item) return;
    if (button?.dataset["move"] === "-1") item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    button?.focus();
    moved();
  });
  host.addEventListener("change", moved);
  sortable.option("onEnd", moved);
  const search = find<HTMLInputElement>("[data-columns-search]", host);
  search?.addEventListener("input", () => {
    const query = search.value.trim().toLowerCase();
    for (const item of all("li", list)) item.hidden = !(item.textContent ?? "").toLowerCase().includes(query);
  });
  return () => sortable.destroy();
}
