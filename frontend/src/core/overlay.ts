import { all, closest, el, find } from "./dom";
import { htmx } from "./htmx";
import { t } from "./i18n";

/* ── dropdown menus: [data-dropdown] followed by .menu ── */
let open: { button: HTMLElement; menu: HTMLElement } | null = null;

export function place(menu: HTMLElement, anchor: Element, align = "start"): void {
  const box = anchor.getBoundingClientRect();
  const gap = 4;
  const below = innerHeight - box.bottom - gap - 8;
  const height = menu.offsetHeight;
  const up = height > below && box.top > below;
  const left = align === "end" ? box.right - menu.offsetWidth : box.left;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${up ? Math.max(8, box.top - gap - height) : box.bottom + gap}px`;
}

export function closeMenu(refocus = false): void {
  if (!open) return;
  open.menu.classList.remove("show");
  open.button.setAttribute("aria-expanded", "false");
  if (refocus) open.button.focus();
  open = null;
}

function openMenu(button: HTMLElement): void {
  const menu = button.nextElementSibling;
  if (!(menu instanceof HTMLElement)) return;
  closeMenu();
  menu.classList.add("show");
  place(menu, button, button.dataset["align"]);
  button.setAttribute("aria-expanded", "true");
  open = { button, menu };
  menu.dispatchEvent(new CustomEvent("menu:open", { bubbles: true }));
}

const items = (menu: HTMLElement): HTMLElement[] => all(".menu-item:not([disabled])", menu);

function menuKeys(event: KeyboardEvent): void {
  if (event.key === "ArrowDown" && event.target instanceof HTMLElement && event.target.matches("[data-dropdown]") && !open) {
    openMenu(event.target);
  }
  if (!open || !(event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Home" || event.key === "End")) return;
  if (event.target instanceof HTMLElement && event.target.matches("input, textarea, select")) return;
  const list = items(open.menu);
  if (!list.length) return;
  event.preventDefault();
  const at = list.indexOf(document.activeElement as HTMLElement);
  const next = event.key === "Home" ? 0 : event.key === "End" ? list.length - 1 : (at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + list.length) % list.length;
  list[next]?.focus();
}

function menuClicks(event: MouseEvent): void {
  const button = closest(event, "[data-dropdown]");
  if (button) {
    event.preventDefault();
    if (open?.button === button) closeMenu();
    else openMenu(button);
    return;
  }
  if (!open) return;
  const inside = event.target instanceof Node && open.menu.contains(event.target);
  const item = closest(event, ".menu-item");
  if (!inside && event.target instanceof Element && event.target.isConnected && !event.target.closest(".menu")) closeMenu();
  else if (item && open.menu.contains(item) && item.getAttribute("aria-disabled") !== "true") closeMenu(!item.matches("a, [data-open], [data-modal-url], [data-drawer-url]"));
}

/* ── dialogs ── */
export function show(dialog: HTMLDialogElement): void {
  closeMenu();
  document.body.classList.remove("nav-open");
  if (!dialog.open) dialog.showModal();
}

/** The side peek does not block the page, so the list stays usable with j/k. */
function showPeek(dialog: HTMLDialogElement, keepFocus: boolean): void {
  const was = document.activeElement;
  if (dialog.open) return;
  if (innerWidth > 640) dialog.show();
  else dialog.showModal();
  if (keepFocus && was instanceof HTMLElement && !dialog.matches(":modal")) {
    if (was === document.body) (document.activeElement as HTMLElement | null)?.blur();
    else was.focus({ preventScroll: true });
  }
}

function setTitle(dialog: Element, title: string): void {
  const heading = find("h2", dialog);
  if (heading) heading.textContent = title;
}

const skeleton = (): HTMLElement => el("div", { class: "stack-sm", "aria-hidden": "true" }, el("span", { class: "skel skel-2" }), el("span", { class: "skel skel-3" }), el("span", { class: "skel skel-1" }));

async function load(dialog: HTMLDialogElement, body: HTMLElement, url: string, title: string): Promise<void> {
  setTitle(dialog, title);
  const timer = setTimeout(() => body.replaceChildren(skeleton()), 200);
  try {
    await htmx.ajax("GET", url, { target: body, swap: "innerHTML" });
  } finally {
    clearTimeout(timer);
  }
  const given = find("[data-title]", body)?.dataset["title"];
  if (given) setTitle(dialog, given);
}

export function openDrawer(url: string, title = "", pageUrl = "", keepFocus = false): void {
  const dialog = find<HTMLDialogElement>("#peek");
  const body = find("#peek-body");
  if (!dialog || !body) return void location.assign(url);
  const link = find<HTMLAnchorElement>("#peek-open");
  if (link) {
    link.hidden = !pageUrl;
    link.href = pageUrl || "#";
  }
  showPeek(dialog, keepFocus);
  void load(dialog, body, url, title);
}

export function openModal(url: string, title = ""): void {
  const dialog = find<HTMLDialogElement>("#modal");
  const body = find("#modal-body");
  if (!dialog || !body) return void location.assign(url);
  body.replaceChildren();
  show(dialog);
  void load(dialog, body, url, title);
}

/** Put a fragment that is already here (a bulk preview) into the modal. */
export const modalBody = (): { dialog: HTMLDialogElement; body: HTMLElement } | null => {
  const dialog = find<HTMLDialogElement>("#modal");
  const body = find("#modal-body");
  return dialog && body ? { dialog, body } : null;
};

/** Ask once, with the numbers in the text; resolves to the answer. */
export function ask(text: string, options: { title?: string; ok?: string; danger?: boolean } = {}): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = el("button", { type: "submit", value: "yes", class: `btn ${options.danger ? "btn-danger-solid" : "btn-primary"}` }, options.ok || t("confirm"));
    const no = el("button", { type: "submit", value: "no", class: "btn" }, t("cancel"));
    const dialog = el("dialog", { class: "modal sm", "aria-label": options.title || t("confirm_title") },
      el("form", { method: "dialog" },
        el("div", { class: "dlg-head" }, el("h2", {}, options.title || t("confirm_title"))),
        el("div", { class: "dlg-body" }, el("p", {}, text)),
        el("div", { class: "dlg-foot" }, no, yes)));
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    dialog.showModal();
    yes.focus();
  });
}

function dialogClicks(event: MouseEvent): void {
  const opener = closest(event, "[data-open]");
  if (opener) {
    const dialog = find<HTMLDialogElement>(opener.dataset["open"] ?? "");
    if (dialog) show(dialog);
  }
  const drawer = closest(event, "[data-drawer-url]");
  const modal = closest(event, "[data-modal-url]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (drawer && plain) {
    event.preventDefault();
    openDrawer(drawer.dataset["drawerUrl"] ?? "", drawer.dataset["drawerTitle"]);
  } else if (modal && plain) {
    event.preventDefault();
    openModal(modal.dataset["modalUrl"] ?? "", modal.dataset["modalTitle"] ?? modal.textContent?.trim() ?? "");
  }
  if (closest(event, "[data-close]")) closest(event, "dialog") instanceof HTMLDialogElement && (closest(event, "dialog") as HTMLDialogElement).close();
  if (event.target instanceof HTMLDialogElement && event.target.matches(".modal, .drawer, .palette") && event.target.matches(":modal")) event.target.close();
}

/** Closes the topmost thing that is open; true when there was one. */
export function closeTop(): boolean {
  if (open) {
    closeMenu(true);
    return true;
  }
  const peek = find<HTMLDialogElement>("dialog[open]:not(:modal)");
  if (peek) {
    peek.close();
    return true;
  }
  return false;
}

/* ── tooltips: [data-tip] ── */
function installTips(): void {
  const tip = el("div", { class: "tip", role: "tooltip", hidden: true });
  document.body.append(tip);
  let timer = 0;
  const hide = (): void => {
    clearTimeout(timer);
    tip.hidden = true;
  };
  const showFor = (anchor: HTMLElement, delay: number): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (!anchor.isConnected || anchor.getAttribute("aria-expanded") === "true") return;
      (anchor.closest<HTMLElement>("dialog:modal") ?? document.body).append(tip);
      tip.textContent = anchor.dataset["tip"] ?? "";
      tip.hidden = false;
      const box = anchor.getBoundingClientRect();
      const above = box.top > tip.offsetHeight + 12 && box.bottom > innerHeight - 60;
      tip.style.left = `${Math.max(6, Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, innerWidth - tip.offsetWidth - 6))}px`;
      tip.style.top = `${above ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
    }, delay);
  };
  document.addEventListener("pointerover", (event) => {
    const anchor = closest(event, "[data-tip]");
    if (anchor && event.pointerType === "mouse") showFor(anchor, anchor.getAttribute("aria-disabled") === "true" ? 60 : 450);
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    const anchor = closest(event, "[data-tip]");
    if (anchor?.matches(":focus-visible")) showFor(anchor, 200);
  });
  document.addEventListener("click", (event) => {
    const anchor = closest(event, '[aria-disabled="true"][data-tip]');
    hide();
    if (anchor) showFor(anchor, 0);
  });
  for (const name of ["focusout", "scroll", "keydown"]) document.addEventListener(name, hide, { capture: true, passive: true });
}

export function installOverlays(): void {
  document.addEventListener("click", menuClicks);
  document.addEventListener("click", dialogClicks);
  document.addEventListener("keydown", menuKeys);
  document.addEventListener("scroll", (event) => {
    if (open && event.target instanceof Node && !open.menu.contains(event.target) && event.target.contains(open.button)) closeMenu();
  }, { capture: true, passive: true });
  addEventListener("resize", () => closeMenu());
  // a form refused by the server comes back; an accepted one closes the dialog it was in
  document.addEventListener("dialog:close", () => all<HTMLDialogElement>("dialog[open]").forEach((dialog) => dialog.close()));
  installTips();
}
