import { lineAmount, shown, taxInside } from "../core/cents";
import { all, closest, debounce, find } from "../core/dom";
import { dropDraft, keepDraft, keptDraft } from "../core/draft";
import { getJson } from "../core/http";
import { failed } from "../core/toast";

interface Suggestion {
  list_price: string | null;
  note: string;
}
const FIELDS = ["quantity", "price", "discount", "tax_rate"] as const;
type Row = Record<(typeof FIELDS)[number] | "product" | "label" | "list", string>;
/** What was typed and not saved; `seen` is the mark of the lines it was typed over. */
interface Draft {
  seen: string;
  rows: Row[];
}
type Input = HTMLInputElement | HTMLSelectElement;

/** The editor of lines: rows come and go, prices are suggested by the price list, sums follow every key. What is typed
 * is kept in this browser until it is saved or given up. */
export function mount(host: HTMLElement): () => void {
  const form = host as HTMLFormElement;
  const body = find("[data-line-rows]", form);
  const blank = find("[data-line-blank] > tr", form);
  if (!body || !blank) return () => undefined;
  const url = form.dataset["priceUrl"] ?? "";
  const sign = form.dataset["sign"] ?? "";

  const control = (row: Element, name: string): Input | null => find<Input>(`[name="${name}"]`, row);
  const value = (row: Element, name: string): string => control(row, name)?.value.trim() ?? "";
  const count = (): void => {
    let amount = 0n;
    let tax = 0n;
    for (const row of all(".line-row", body)) {
      const cents = lineAmount(value(row, "quantity"), value(row, "price") || "0", value(row, "discount"));
      const out = find<HTMLOutputElement>(".line-amount output", row);
      if (out) out.value = cents === null ? "—" : shown(cents);
      if (cents === null) continue;
      amount += cents;
      tax += taxInside(cents, value(row, "tax_rate"));
    }
    for (const [name, sum] of [["amount", amount], ["tax", tax]] as const) {
      const out = find<HTMLOutputElement>(`[data-sum="${name}"]`, form);
      if (out) out.value = name === "amount" ? `${sign} ${shown(sum)}` : shown(sum);
    }
  };

  const suggest = async (row: HTMLElement): Promise<void> => {
    const product = value(row, "product");
    const note = find(".line-note", row);
    if (!/^\d+$/.test(product)) {
      if (note) note.textContent = "";
      return;
    }
    try {
      const found = await getJson<Suggestion>(url, undefined, { product, quantity: value(row, "quantity") || "1" });
      if (value(row, "product") !== product) return;
      const price = control(row, "price");
      const before = row.dataset["list"] ?? "";
      // a price that somebody typed stays; one that came from the list follows it
      if (price && found.list_price !== null && (price.value.trim() === "" || price.value === before)) price.value = found.list_price;
      row.dataset["list"] = found.list_price ?? "";
      if (note) note.textContent = found.note;
      count();
    } catch (error) {
      failed(error);
    }
  };
  const later = debounce(250, (row: HTMLElement) => void suggest(row));

  const fresh = (): HTMLElement => {
    const row = blank.cloneNode(true) as HTMLElement;
    // the picker comes alive when it enters the page; the blank row's must not
    for (const node of all("[data-later]", row)) node.dataset["island"] = node.dataset["later"];
    return row;
  };
  const add = (): void => {
    const row = fresh();
    body.append(row);
    count();
    // the picker makes its own input when it has come alive
    const focus = (left: number): void => {
      const input = find<HTMLInputElement>(".combo input", row);
      if (input) input.focus();
      else if (left) setTimeout(() => focus(left - 1), 20);
    };
    focus(500);
  };
  const remove = (row: HTMLElement): void => {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (!find(".line-row", body)) add();
    else if (next) find<HTMLElement>("[name=quantity]", next)?.focus();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /** Cancelled: nothing more is kept. */
  let given = false;
  form.addEventListener("input", (event) => {
    const row = closest(event, ".line-row");
    count();
    if (row && event.target instanceof HTMLInputElement && event.target.name === "quantity") later(row);
  });
  form.addEventListener("change", (event) => {
    const row = closest(event, ".line-row");
    if (row && event.target instanceof HTMLSelectElement) {
      const price = control(row, "price");
      if (price && price.value === (row.dataset["list"] ?? "")) price.value = "";
      void suggest(row);
      find<HTMLInputElement>("[name=quantity]", row)?.select();
    }
  });
  form.addEventListener("click", (event) => {
    const row = closest(event, ".line-row");
    if (closest(event, ".btn[data-draft-drop]")) given = true;
    if (closest(event, "[data-line-add]")) add();
    else if (row && closest(event, "[data-line-remove]")) remove(row);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.target instanceof HTMLInputElement && event.target.name) {
      event.preventDefault();
      const next = closest(event, ".line-row")?.nextElementSibling;
      if (next) find<HTMLElement>(`[name="${event.target.name}"]`, next)?.focus();
      else add();
    }
  });
  form.addEventListener("draft:restored", count);
  const key = form.dataset["keep"] ?? "";
  const seen = find<HTMLInputElement>("[name=_seen]", form)?.value ?? "";
  const typed = (): Row[] => all(".line-row", body).map((row) => ({
    product: value(row, "product"),
    label: find<HTMLSelectElement>("select[name=product]", row)?.selectedOptions[0]?.text ?? "",
    list: row.dataset["list"] ?? "",
    quantity: value(row, "quantity"), price: value(row, "price"), discount: value(row, "discount"), tax_rate: value(row, "tax_rate"),
  }));
  // a form that came back with mistakes holds what was typed already
  const returned = form.dataset["returned"] !== undefined;
  const stored = JSON.stringify(typed());
  const save = (): void => {
    if (!form.isConnected || given) return;
    const rows = typed();
    if (JSON.stringify(rows) === stored && !returned) dropDraft(key);
    else keepDraft(key, { seen, rows });
  };
  const soon = debounce(300, save);
  for (const event of ["input", "change"]) form.addEventListener(event, soon);
  window.addEventListener("pagehide", save);
  const fill = (rows: Row[]): void => {
    body.replaceChildren(...rows.map((one) => {
      const row = fresh();
      row.dataset["list"] = one.list;
      if (one.product) find<HTMLSelectElement>("select[name=product]", row)?.add(new Option(one.label, one.product, true, true));
      for (const name of FIELDS) {
        const input = control(row, name);
        if (input) input.value = one[name];
      }
      return row;
    }));
    count();
  };
  const bar = find("[data-line-draft]", form);
  const kept = returned ? null : keptDraft<Draft>(key);
  if (kept && bar && JSON.stringify(kept.rows) !== stored) {
    const take = find("[data-line-draft-take]", bar);
    const say = find("[data-line-draft-text]", bar);
    // somebody saved other lines meanwhile: what was typed is not put over them unasked
    const same = kept.seen === seen;
    if (say) say.textContent = (same ? say.dataset["same"] : say.dataset["other"]) ?? "";
    if (take) take.hidden = same;
    take?.addEventListener("click", () => {
      fill(kept.rows);
      take.hidden = true;
      save();
    });
    find("[data-line-draft-drop]", bar)?.addEventListener("click", () => {
      dropDraft(key);
      fill(JSON.parse(stored) as Row[]);
      bar.hidden = true;
    });
    if (same) fill(kept.rows);
    bar.hidden = false;
  }
  count();
  for (const row of all(".line-row", body)) if (value(row, "product") && !value(row, "price")) void suggest(row);
  return () => window.removeEventListener("pagehide", save);
}
