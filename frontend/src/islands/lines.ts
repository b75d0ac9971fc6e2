import { all, el, find, icon } from "../core/dom";
import { t } from "../core/i18n";

interface Column {
  value: string;
  label: string;
  kind: string;
  required?: boolean;
  options?: string[];
}

/** A few lines of details as a table of inputs. The textarea beneath stays the truth: a line a row, "|" between cells. */
export function mount(host: HTMLElement): void {
  const source = find<HTMLTextAreaElement>("textarea", host);
  if (!source) return;
  const columns = JSON.parse(host.dataset["columns"] ?? "[]") as Column[];
  const body = el("tbody", {});
  const head = el("tr", {}, ...columns.map((column) => el("th", { scope: "col" }, column.label, column.required ? el("span", { class: "req", "aria-hidden": "true" }, "*") : null)), el("th", {}));
  const add = el("button", { type: "button", class: "btn btn-sm" }, icon("plus", 14), t("lines_add"));
  const view = el("div", { class: "lines" }, el("table", {}, el("thead", {}, head), body), add);
  source.hidden = true;
  source.after(view);

  const save = (): void => {
    const rows = all("tr", body).map((row) => all<HTMLInputElement | HTMLSelectElement>("input, select", row).map((cell) => cell.value.trim().replace(/\|/g, "｜")));
    source.value = rows.filter((cells) => cells.some(Boolean)).map((cells) => cells.join(" | ")).join("\n");
    source.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const cell = (column: Column, value: string): HTMLElement => {
    const name = { "aria-label": column.label, class: column.options ? "form-select" : "form-control" };
    if (column.options) return el("select", name, ...["", ...column.options].map((text) => new Option(text, text, false, text === value)));
    const numeric = ["number", "whole", "money", "percent"].includes(column.kind);
    return el("input", { ...name, type: column.kind === "date" ? "date" : "text", value, autocomplete: "off", ...(numeric ? { inputmode: "decimal", class: "form-control num" } : {}) });
  };
  const row = (cells: string[]): HTMLElement => {
    const remove = el("button", { type: "button", class: "iconbtn sm", "aria-label": t("lines_remove") }, icon("x", 14));
    const line = el("tr", {}, ...columns.map((column, i) => el("td", { "data-label": column.label }, cell(column, cells[i] ?? ""))), el("td", {}, remove));
    remove.addEventListener("click", () => {
      line.remove();
      save();
      add.focus();
    });
    return line;
  };
  const fill = (): void => {
    const lines = source.value.split("\n").filter((text) => text.trim());
    body.replaceChildren(...lines.map((text) => row(text.split("|").map((part) => part.trim()))));
  };
  add.addEventListener("click", () => {
    const line = row([]);
    body.append(line);
    find<HTMLElement>("input, select", line)?.focus();
  });
  body.addEventListener("input", save);
  source.addEventListener("draft:restored", fill);
  fill();
}
