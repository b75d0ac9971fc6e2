import { all, el, find } from "../core/dom";
import { passes, type Kinds, type Tree, type Value } from "../core/conditions";

interface Rule {
  field: string;
  show: Tree | null;
  require: Tree | null;
  required: boolean;
}
interface Config {
  rules: Rule[];
  kinds: Kinds;
  values: Record<string, Value>;
}

/** Shows fields of a form, and marks them as required, by what stands in others. Nothing typed is taken away. */
export function mount(host: HTMLElement): () => void {
  const form = host as HTMLFormElement;
  const config = JSON.parse(form.dataset["conditions"] ?? "{}") as Config;

  const value = (name: string): Value => {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
    if (control instanceof HTMLSelectElement && control.multiple) return [...control.selectedOptions].map((o) => o.value).filter(Boolean);
    if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement || control instanceof HTMLTextAreaElement) return control.value;
    return config.values[name] ?? null;
  };
  const line = (name: string): HTMLElement | null => find(`[data-field="${CSS.escape(name)}"]`, form);

  const mark = (node: HTMLElement, wanted: boolean): void => {
    const label = find("label span, label", node);
    const star = find(".req", node);
    if (!wanted) star?.remove();
    else if (!star && label) label.append(el("span", { class: "req", "aria-hidden": "true" }, "*"));
  };
  const apply = (): void => {
    for (const rule of config.rules) {
      const node = line(rule.field);
      if (!node) continue;
      node.hidden = rule.show !== null && passes(rule.show, value, config.kinds) === false;
      mark(node, rule.required || (rule.require !== null && passes(rule.require, value, config.kinds) === true));
    }
    for (const section of all("fieldset.form-section", form)) {
      const fields = all("[data-field]", section);
      section.hidden = fields.length > 0 && fields.every((node) => node.hidden) && !find("[data-rest]", section);
    }
  };
  for (const event of ["input", "change", "draft:restored"]) form.addEventListener(event, apply);
  apply();
  return () => ["input", "change", "draft:restored"].forEach((event) => form.removeEventListener(event, apply));
}
