import Sortable from "sortablejs";
import { all, find } from "../core/dom";
import { post } from "../core/http";
import { t } from "../core/i18n";
import { openModal } from "../core/overlay";
import { failed, toast } from "../core/toast";

/**
 * Drag cards between columns: POST data-move-url {id, from, to, before}; a refusal puts the card back and says why.
 * Alt+← and Alt+→ do the same from the keyboard.
 */
export function mount(host: HTMLElement): () => void {
  const url = host.dataset["moveUrl"] ?? "";
  const columns = (): HTMLElement[] => all("[data-column]", host);
  const count = (column: Element | null, by: number): void => {
    const node = column && find("[data-count]", column);
    // a large board is counted after it is shown: until then there is nothing to count on from
    if (node && /^\d+$/.test(node.textContent.trim())) node.textContent = String(Math.max(0, Number(node.textContent) + by));
  };
  const keyOf = (node: Element): string => node.closest<HTMLElement>("[data-column]")?.dataset["column"] ?? "";

  const commit = async (card: HTMLElement, from: HTMLElement, undo: () => void): Promise<void> => {
    const target = card.closest<HTMLElement>("[data-column]");
    const source = from.closest("[data-column]");
    if (!target || target === source) return;
    count(source, -1);
    count(target, 1);
    card.setAttribute("aria-busy", "true");
    try {
      const next = card.nextElementSibling as HTMLElement | null;
      const text = await post(url, { id: card.dataset["cardId"] ?? "", from: keyOf(from), to: keyOf(card), before: next?.dataset["cardId"] ?? "" });
      const form = asked(text);
      if (form) {
        // a form has to be answered first: the card waits where it was
        undo();
        count(source, 1);
        count(target, -1);
        return openModal(form);
      }
      announce(text);
      host.dispatchEvent(new CustomEvent("board:moved", { bubbles: true, detail: { id: card.dataset["cardId"], to: keyOf(card) } }));
    } catch (error) {
      undo();
      count(source, 1);
      count(target, -1);
      failed(error);
    } finally {
      card.removeAttribute("aria-busy");
    }
  };
  const asked = (text: string): string => {
    try {
      return (JSON.parse(text) as { ask?: string }).ask ?? "";
    } catch {
      return "";
    }
  };
  /** The answer may carry {"toast": …, "totals": {column: "¥ 12万"}, "weighted": {…}}. */
  const announce = (text: string): void => {
    try {
      const answer = JSON.parse(text) as { toast?: string; totals?: Record<string, string>; weighted?: Record<string, string>; undo_url?: string };
      for (const column of columns()) {
        const key = column.dataset["column"] ?? "";
        for (const [part, values] of [["[data-sum]", answer.totals], ["[data-also]", answer.weighted]] as const) {
          const node = find(part, column);
          if (node && values) node.textContent = values[key] ?? "";
        }
      }
      if (answer.toast) toast({ text: answer.toast, kind: "success", ...(answer.undo_url ? { undo: { url: answer.undo_url } } : {}) });
    } catch {
      // an empty answer is fine: the card is where it was put
    }
  };

  const lists = columns().map((column) => find("[data-list]", column)).filter((l): l is HTMLElement => l !== null);
  const sortables = lists.map((list) =>
    Sortable.create(list, {
      group: "board", animation: 140, delay: 120, delayOnTouchOnly: true, filter: "[data-locked]", preventOnFilter: false, ghostClass: "sortable-ghost", scrollSensitivity: 60,
      onMove: (event) => {
        for (const column of columns()) column.classList.toggle("drop", column.contains(event.to));
      },
      onEnd: (event) => {
        for (const column of columns()) column.classList.remove("drop");
        const { item, from, oldIndex = 0 } = event;
        void commit(item, from, () => from.insertBefore(item, from.children[oldIndex] ?? null));
      },
    }));

  host.addEventListener("keydown", (event) => {
    const card = (event.target as Element).closest<HTMLElement>("[data-card-id]");
    if (!card || !event.altKey || !(event.key === "ArrowLeft" || event.key === "ArrowRight")) return;
    event.preventDefault();
    if (card.dataset["locked"]) return toast({ text: card.dataset["locked"], kind: "warning" });
    const all = columns();
    const index = all.findIndex((column) => column.contains(card));
    const target = all[index + (event.key === "ArrowRight" ? 1 : -1)];
    const list = target && find("[data-list]", target);
    const from = card.parentElement;
    if (!list || !from) return;
    const after = card.nextSibling;
    list.prepend(card);
    card.focus();
    void commit(card, from, () => from.insertBefore(card, after));
  });
  host.title = t("board_hint");
  return () => sortables.forEach((s) => s.destroy());
}
