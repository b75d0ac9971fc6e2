import { all, el, find, icon } from "./dom";
import { post, messageFor } from "./http";
import { t } from "./i18n";

export interface Toast {
  text: string;
  kind?: string;
  undo?: { label?: string; url: string };
  link?: { label: string; url: string };
}
const ICONS: Record<string, string> = { success: "circle-check", error: "alert-circle", danger: "alert-circle", warning: "alert-triangle", info: "info-circle" };

export function toast({ text, kind = "info", undo, link }: Toast): void {
  const box = find(".toasts");
  if (!box || !text) return;
  // a modal dialog makes the rest of the page inert, so the toasts follow into the open one
  const host = all<HTMLDialogElement>("dialog:modal").at(-1) ?? document.body;
  if (box.parentElement !== host) host.append(box);
  const close = el("button", { type: "button", class: "tx", "aria-label": t("close") }, icon("x", 14));
  const node = el("div", { class: `toast ${kind === "danger" ? "error" : kind}` }, icon(ICONS[kind] ?? "info-circle", 16), el("span", { class: "grow" }, text));
  if (undo) node.append(undoButton(undo, node));
  if (link) node.append(el("a", { href: link.url }, link.label));
  node.append(close);
  box.append(node);
  while (box.childElementCount > 4) box.firstElementChild?.remove();
  let timer = window.setTimeout(() => node.remove(), undo || link ? 10_000 : 5_000);
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("pointerleave", () => (timer = window.setTimeout(() => node.remove(), 3_000)));
  close.addEventListener("click", () => node.remove());
}

function undoButton(undo: { label?: string; url: string }, node: HTMLElement): HTMLElement {
  const button = el("button", { type: "button" }, undo.label || t("undo"));
  button.addEventListener("click", async () => {
    node.remove();
    try {
      await post(undo.url, {});
      document.body.dispatchEvent(new CustomEvent("undone", { bubbles: true }));
      location.reload();
    } catch (error) {
      failed(error);
    }
  });
  return button;
}

export function failed(error: unknown): void {
  toast({ kind: "error", text: error instanceof Error ? error.message : messageFor(500) });
}

/** Shows what elements with data-toast say, once, and removes them. */
export function scanToasts(root: ParentNode = document): void {
  for (const node of all("[data-toast]", root)) {
    const { toast: text, kind, undoUrl, undoLabel } = node.dataset;
    node.remove();
    toast({ text: text ?? "", ...(kind ? { kind } : {}), ...(undoUrl ? { undo: { url: undoUrl, ...(undoLabel ? { label: undoLabel } : {}) } } : {}) });
  }
}

/** The server may answer with HX-Trigger: {"toast": {"text": …, "kind": …, "undo": {"label","url"}}}. */
export function installToasts(): void {
  document.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<Toast & { value?: string }>).detail;
    toast({ ...detail, text: detail.text ?? detail.value ?? "" });
  });
}
