import { completion, insert } from "./complete";
import { debounce, el, find, icon, marked, type Child } from "../core/dom";
import { getJson, post } from "../core/http";
import { t } from "../core/i18n";

interface FieldWord {
  label: string;
  insert: string;
  type_label: string;
  options: string[];
}
interface FunctionWord {
  name: string;
  other: string;
  signature: string;
  help: string;
  example: string;
}
interface Words {
  fields: FieldWord[];
  functions: FunctionWord[];
}
interface Offer {
  label: string;
  hint: string;
  about: string;
  insert: string;
  /** Where the caret stands in what was inserted, from its end. */
  back: number;
}
interface Answer {
  ok: boolean;
  problem?: string;
  start?: number;
  end?: number;
  type_label?: string;
  moving?: boolean;
  preview?: { title: string; value: string } | null;
  breaks?: { count: number; text: string };
}
type Typed = { kind: "field" | "name" | "option"; at: number; query: string; field?: string };
const MOST = 12;
const known = new Map<string, Promise<Words>>();

/** What is being written at the caret: a field after "[", a name, or an option of the field that is compared. Pure. */
export function typed(before: string): Typed | null {
  const option = /\[([^\[\]]+)\]\s*(?:=|<>)\s*["“]([^"”]*)$/u.exec(before);
  if (option) return { kind: "option", at: before.length - (option[2] ?? "").length, query: option[2] ?? "", field: option[1] ?? "" };
  const bare = before.replace(/"[^"]*"|“[^”]*”/gu, (text) => " ".repeat(text.length));
  if (/["“]/u.test(bare)) return null;
  const field = /\[([^\[\]]*)$/u.exec(bare);
  if (field) return { kind: "field", at: field.index, query: field[1] ?? "" };
  const name = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(bare);
  return name ? { kind: "name", at: name.index, query: name[0] } : null;
}

const holds = (text: string, query: string): boolean => text.toLowerCase().includes(query.toLowerCase());
const first = (text: string, query: string): number => (text.toLowerCase().startsWith(query.toLowerCase()) ? 0 : 1);

/** What may stand there; what begins with the letters typed comes first. Pure. */
export function offers(words: Words, now: Typed): Offer[] {
  if (now.kind === "option") {
    const options = words.fields.find((one) => one.label === now.field)?.options ?? [];
    return options.filter((one) => holds(one, now.query)).slice(0, MOST).map((one) => ({ label: one, hint: t("fx_option"), about: "", insert: `${one}"`, back: 0 }));
  }
  const fields: Offer[] = words.fields.filter((one) => holds(one.label, now.query)).map((one) => ({ label: one.label, hint: one.type_label, about: "", insert: one.insert, back: 0 }));
  const functions: Offer[] = now.kind === "field" ? [] : words.functions.filter((one) => holds(one.name, now.query) || holds(one.other, now.query)).map((one) => ({
    label: one.signature, hint: one.other, about: one.help, insert: `${one.name}()`, back: one.signature.endsWith("()") ? 0 : 1,
  }));
  return [...fields, ...functions].sort((a, b) => first(a.label, now.query) - first(b.label, now.query)).slice(0, MOST);
}

function wordsOf(url: string): Promise<Words> {
  const asked = known.get(url) ?? getJson<Words>(url);
  known.set(url, asked);
  return asked;
}

/**
 * A formula that is checked while it is written: fields and functions are offered with what they do, what is wrong is
 * marked at its place, and what it comes to is shown on a record.
 */
export function mount(host: HTMLElement): () => void {
  const area = find<HTMLTextAreaElement>("textarea", host);
  const says = find("[data-says]", host);
  if (!area || !says) return () => undefined;
  const { check = "", words = "", use = "formula", key = "", result = "" } = host.dataset;
  const control = result.startsWith("#") ? find<HTMLSelectElement>(result) : null;
  const wordsUrl = `${words}?key=${encodeURIComponent(key)}`;
  const back = el("div", { class: "fx-back", "aria-hidden": "true" });
  const box = el("div", { class: "fx-box" });
  area.before(box);
  box.append(back, area);
  const before = (): Typed | null => typed(area.value.slice(0, area.selectionStart));
  let query = "";
  let asking = 0;

  /* ── marks: the same text lies behind the control, transparent but for what is wrong ── */
  const align = (): void => {
    const style = getComputedStyle(area);
    for (const name of ["padding", "font", "letterSpacing", "lineHeight", "tabSize"] as const) back.style[name] = style[name];
    back.scrollTop = area.scrollTop;
  };
  const paint = (start = 0, end = 0): void => {
    const letters = [...area.value]; // the server counts characters, not halves of them
    const wrong = end > start ? letters.slice(start, end).join("") : "";
    back.replaceChildren(letters.slice(0, start).join(""), ...(wrong ? [el("mark", {}, wrong)] : []), letters.slice(Math.max(start, end)).join("") + "\n");
    align();
  };

  /* ── what the server says ── */
  const tell = (answer: Answer): void => {
    area.setAttribute("aria-invalid", String(!answer.ok));
    if (!answer.ok) {
      paint(answer.start, Math.max(answer.end ?? 0, (answer.start ?? 0) + 1));
      return says.replaceChildren(el("span", { class: "bad row-flex" }, icon("alert-circle", 14), el("span", {}, answer.problem ?? "")));
    }
    paint();
    const { preview, breaks } = answer;
    const sample = preview ? t("fx_sample", { title: preview.title, value: preview.value }) : t("fx_none");
    says.replaceChildren(
      el("span", { class: "row-flex" }, icon("circle-check", 14), t("fx_result", { kind: answer.type_label ?? "" })),
      el("strong", {}, sample),
      answer.moving ? el("span", { class: "muted" }, t("fx_moving")) : "",
      breaks ? el("span", { class: breaks.count ? "bad" : "muted" }, breaks.text) : "",
    );
  };
  const ask = debounce(300, async () => {
    const turn = ++asking;
    if (!area.value.trim()) {
      area.removeAttribute("aria-invalid");
      paint();
      return says.replaceChildren();
    }
    try {
      const text = await post(check, { text: area.value, key, use, kind: control ? control.value : result });
      if (turn === asking && host.isConnected) tell(JSON.parse(text) as Answer);
    } catch {
      if (turn === asking) says.replaceChildren(); // saving checks it again
    }
  });

  /* ── completion ── */
  const pick = (offer: Offer): void => {
    const now = before();
    if (!now) return menu.close();
    let rest = area.value.slice(area.selectionStart);
    if ((now.kind === "field" && rest.startsWith("]")) || (now.kind === "option" && /^["”]/.test(rest))) rest = rest.slice(1);
    const called = offer.back > 0 && rest.startsWith("("); // its brackets are there already
    insert(area, now.at, called ? offer.insert.slice(0, -2) : offer.insert, rest, called ? 0 : offer.back);
    menu.close();
  };
  const row = (one: Offer): Child[] => [el("span", { class: "ellipsis" }, marked(one.label, query)), el("span", { class: "hint" }, one.hint), one.about && el("span", { class: "about" }, one.about)];
  const menu = completion<Offer>(area, host, { name: "fx-menu", label: t("fx_offer"), row, pick });
  const offer = async (): Promise<void> => {
    const now = before();
    if (!now || (now.kind === "name" && !now.query)) return menu.close();
    const found = offers(await wordsOf(wordsUrl), now);
    if (JSON.stringify(before()) !== JSON.stringify(now)) return;
    query = now.query;
    menu.show(found);
  };
  const onInput = (): void => {
    paint();
    void offer();
    ask();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey && event.key === " ") return event.preventDefault(), void offer();
    menu.key(event);
  };
  area.addEventListener("input", onInput);
  area.addEventListener("keydown", onKey);
  area.addEventListener("scroll", align);
  control?.addEventListener("change", ask);
  paint();
  if (area.value.trim()) ask();
  return () => {
    control?.removeEventListener("change", ask);
    menu.remove();
  };
}
