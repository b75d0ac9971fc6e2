import { all } from "../core/dom";
import { post } from "../core/http";
import { failed, toast } from "../core/toast";

/** Drag an entry to another day: POST data-move-url {key, day}; a refusal puts it back and says why. */
export function mount(host: HTMLElement): () => void {
  let moving: HTMLElement | null = null;
  const dayOf = (event: Event): HTMLElement | null => (event.target instanceof Element ? event.target.closest<HTMLElement>("[data-day]") : null);
  const clear = (): void => all(".drop", host).forEach((node) => node.classList.remove("drop"));
  const stop = (): void => {
    moving?.classList.remove("moving");
    moving = null;
    clear();
  };
  const drop = async (day: HTMLElement): Promise<void> => {
    const entry = moving;
    const from = entry?.parentElement;
    const next = entry?.nextSibling ?? null;
    stop();
    if (!entry || !from || from === day) return;
    day.append(entry);
    try {
      const answer = JSON.parse(await post(host.dataset["moveUrl"] ?? "", { key: entry.dataset["event"] ?? "", day: day.dataset["day"] ?? "" })) as { toast: string; undo_url?: string };
      toast({ text: answer.toast, kind: "success", ...(answer.undo_url ? { undo: { url: answer.undo_url } } : {}) });
    } catch (error) {
      from.insertBefore(entry, next);
      failed(error);
    }
  };
  host.addEventListener("dragstart", (event) => {
    moving = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-event]") : null;
    if (!moving || !event.dataTransfer) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moving.dataset["event"] ?? "");
    moving.classList.add("moving");
  });
  host.addEventListener("dragover", (event) => {
    const day = dayOf(event);
    if (!moving || !day) return;
    event.preventDefault();
    if (!day.classList.contains("drop")) clear();
    day.classList.add("drop");
  });
  host.addEventListener("drop", (event) => {
    const day = dayOf(event);
    if (!moving || !day) return;
    event.preventDefault();
    void drop(day);
  });
  host.addEventListener("dragend", stop);
  return () => undefined;
}
