import { closest, find, isTyping } from "./dom";
import { closeTop, show } from "./overlay";
import { start } from "./islands";
import { currentRow, moveCursor, openRow, peekRow, toggleRow, editRow } from "./rows";

const GO: Record<string, string[]> = { c: ["customer"], t: ["today", "home"], l: ["lead"], d: ["deal"], s: ["ticket"], q: ["quote"], o: ["contact"], p: ["pool"], b: ["dashboard"], i: ["inbox", "notice"] };
let pending = 0;

export async function openPalette(): Promise<void> {
  const dialog = find<HTMLDialogElement>("#palette");
  if (!dialog) return;
  show(dialog);
  await start(dialog);
  dialog.dispatchEvent(new CustomEvent("palette:open"));
}

function go(key: string): boolean {
  for (const name of GO[key] ?? []) {
    const link = find<HTMLAnchorElement>(`[data-nav-key="${name}"]`);
    if (link) {
      link.click();
      return true;
    }
    // the settings have a side bar of their own: it brings the addresses of the rest along
    const elsewhere = JSON.parse(find("#nav")?.dataset["go"] ?? "{}") as Record<string, string>;
    if (elsewhere[name]) {
      location.assign(elsewhere[name]);
      return true;
    }
  }
  return false;
}

function press(selector: string): boolean {
  const target = find(selector);
  if (!target) return false;
  target.click();
  target.focus();
  return true;
}

const ACTIONS: Record<string, () => boolean> = {
  "?": () => {
    const dialog = find<HTMLDialogElement>("#keys");
    if (dialog) show(dialog);
    return dialog !== null;
  },
  n: () => press("[data-key='n']") || press(".topbar [data-dropdown]"),
  "/": () => press("[data-key='/']") || (find("[data-search]")?.focus(), find("[data-search]") !== null),
  e: () => (currentRow() ? editRow() : press("[data-key='e']")),
  j: () => moveCursor(1),
  k: () => moveCursor(-1),
  x: () => toggleRow(),
  " ": () => (find("#peek[open]") ? closeTop() : peekRow()),
  Enter: () => openRow(),
};

function onKey(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    void openPalette();
    return;
  }
  if (event.key === "Escape" && !find("dialog:modal")) {
    if (closeTop()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || find("dialog:modal")) return;
  if (pending) {
    clearTimeout(pending);
    pending = 0;
    if (go(event.key)) event.preventDefault();
    return;
  }
  if (event.key === "g") {
    pending = window.setTimeout(() => (pending = 0), 1200);
    return;
  }
  const onControl = event.target instanceof HTMLElement && event.target.matches("a, button, summary, input, [role=button], [role=menuitem]");
  if ((event.key === " " || event.key === "Enter") && onControl) return;
  const act = ACTIONS[event.key] ?? (/^[a-z]$/.test(event.key) ? () => press(`[data-key='${event.key}']`) : null);
  if (act?.()) event.preventDefault();
}

export function installKeys(): void {
  document.addEventListener("keydown", onKey);
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  if (mac) for (const key of document.querySelectorAll("kbd[data-mod]")) key.textContent = "⌘ K";
  document.addEventListener("click", (event) => {
    const action = closest(event, "[data-action]")?.dataset["action"];
    if (action === "palette") void openPalette();
    if (action === "keys") ACTIONS["?"]?.();
    if (action === "back") history.back();
    if (action === "print") print();
    if (action === "nav") {
      const open = document.body.classList.toggle("nav-open");
      find(".navtoggle")?.setAttribute("aria-expanded", String(open));
      if (open) find("#nav a")?.focus();
    }
  });
}
