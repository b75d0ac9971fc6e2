import { config as readConfig, el, find, icon } from "../core/dom";
import { getJson } from "../core/http";
import { t } from "../core/i18n";
import { closeMenu, place } from "../core/overlay";
import { childrenOf, complete, isLeaf, kindOf, makeGroup, operatorOf, outward, pruned, rooted, scopeOf, sentence, withInner, type Config, type Field, type Group, type Kind, type Leaf, type Node, type Operator, type Stored, type Value } from "./tree";

/** A table of what others named: it has no properties but these. */
const bare = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

/**
 * Chips that read as a sentence and, behind them, a builder with nested groups. The tree is written as JSON into the
 * hidden input; "filter:change" is sent at every change, and with data-submit the form is submitted on 应用.
 * data-mode="inline" shows the builder itself (segments, rules) instead of a popover.
 */
export function mount(host: HTMLElement): () => void {
  const hidden = find<HTMLInputElement>("input[type=hidden]", host);
  const stage = find(".fb-mount", host);
  if (!hidden || !stage) return () => undefined;
  const config = withInner(readConfig<Config>(host, { fields: [] }));
  let tree: Group = rooted(config, hidden.value ? (JSON.parse(hidden.value) as Stored) : null);
  const inline = host.dataset["mode"] === "inline";

  const store = (): void => {
    const clean = pruned(config, tree);
    const stored = clean ? outward(config, clean) : null;
    hidden.value = stored ? JSON.stringify(stored) : "";
    host.dispatchEvent(new CustomEvent("filter:change", { bubbles: true, detail: stored }));
    if (inline) hidden.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const apply = (): void => {
    store();
    paintChips();
    shut();
    if (!host.dataset["submit"]) return;
    const form = host.closest("form");
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
    form?.requestSubmit();
  };

  /* ── chips ── */
  const chips = el("div", { class: "chips" });
  const opener = el("button", { type: "button", class: "btn btn-quiet btn-sm", "aria-expanded": "false", "data-key": "/" }, icon("filter"), t("fb_filter"));
  const chip = (leaf: Leaf, siblings: Node[]): HTMLElement => {
    const words = sentence(config, leaf);
    const edit = el("button", { type: "button", class: "v", title: words.value, "aria-label": `${t("fb_edit")}: ${words.field} ${words.op} ${words.value}` }, words.value || words.op);
    edit.addEventListener("click", () => unfold());
    const remove = el("button", { type: "button", class: "x", "aria-label": `${t("fb_remove")}: ${words.field}` }, icon("x", 14));
    remove.addEventListener("click", () => {
      siblings.splice(siblings.indexOf(leaf), 1);
      apply();
    });
    return el("span", { class: "chip" }, el("span", { class: "f" }, words.field), words.op && words.value ? el("span", { class: "o" }, words.op) : null, edit, remove);
  };
  const paintGroup = (group: Group, nested: boolean): HTMLElement[] => {
    const out: HTMLElement[] = [];
    const kind = kindOf(group);
    const nodes = childrenOf(group);
    if (nested) out.push(el("span", { class: "join" }, kind === "not" ? `${t("fb_not")} (` : "("));
    let first = true;
    for (const node of nodes) {
      const parts = isLeaf(node) ? (complete(config, node) || !operatorOf(config, node).field ? [chip(node, nodes)] : []) : pruned(config, node) ? paintGroup(node, true) : [];
      if (!parts.length) continue;
      if (!first || (kind === "not" && !nested)) out.push(el("span", { class: "join" }, t(kind === "any" ? "fb_or" : kind === "not" ? "fb_neither" : "fb_and")));
      out.push(...parts);
      first = false;
    }
    if (nested) out.push(el("span", { class: "join" }, ")"));
    return out;
  };
  const paintChips = (): void => chips.replaceChildren(...paintGroup(tree, false), opener);

  /* ── builder ── */
  const pop = el("div", { class: inline ? "fb-root" : "menu fb-pop fb-root", role: "group", "aria-label": host.dataset["label"] ?? t("fb_filter") });
  const redraw = (): void => {
    const foot = inline ? null : el("div", { class: "fb-foot" }, button("fb_apply", "btn btn-primary btn-sm", apply), button("fb_clear", "btn btn-quiet btn-sm", () => {
      tree = { all: [] };
      apply();
    }));
    pop.replaceChildren(drawGroup(tree, config, (to) => (tree = to), null), ...(foot ? [el("hr", {}), foot] : []));
    if (!inline && pop.classList.contains("show")) place(pop, opener);
  };
  /** `replace` puts another group in this one's place (the kind was changed); `drop` removes it, null at a root. */
  const drawGroup = (group: Group, scope: Config, replace: (to: Group) => void, drop: (() => void) | null, level = 0): HTMLElement => {
    const nodes = childrenOf(group);
    const kind = el("select", { class: "form-select", "aria-label": t("fb_op") });
    for (const k of ["all", "any", "not"] as Kind[]) kind.add(new Option(t(`fb_${k}`), k, false, k === kindOf(group)));
    kind.addEventListener("change", () => {
      replace(makeGroup(kind.value as Kind, nodes));
      store();
      redraw();
    });
    const head = el("div", { class: "fb-head" }, kind, drop && removeButton(drop));
    const rows = nodes.map((node) => (isLeaf(node) ? drawLeaf(node, nodes, scope, level) : drawGroup(node, scope, (to) => nodes.splice(nodes.indexOf(node), 1, to), () => nodes.splice(nodes.indexOf(node), 1), level + 1)));
    const first = scope.fields[0];
    const put = (node: Node): void => {
      nodes.push(node);
      redraw();
    };
    const add = el("div", { class: "fb-foot" }, first ? button("fb_add", "btn btn-quiet btn-sm", () => put(fresh(first)), "plus") : null, first && level < 2 ? button("fb_group", "btn btn-quiet btn-sm", () => put({ any: [fresh(first)] }), "hierarchy") : null);
    return el("div", { class: "fb-group", role: "group" }, head, ...rows, add);
  };
  const removeButton = (remove: () => void): HTMLElement => {
    const node = el("button", { type: "button", class: "iconbtn sm", "aria-label": t("fb_remove") }, icon("trash", 14));
    node.addEventListener("click", () => {
      remove();
      store();
      redraw();
    });
    return node;
  };
  const fresh = (field: Field): Leaf => ({ field: field.key, op: field.operators[0]?.key ?? "", value: null });

  const drawLeaf = (leaf: Leaf, siblings: Node[], scope: Config, level: number): HTMLElement => {
    const { field, operator } = operatorOf(scope, leaf);
    const fields = el("select", { class: "form-select", "data-island": "combo", "aria-label": t("fb_field"), required: true });
    if (!field) fields.add(new Option(t("fb_gone", { key: leaf.field }), leaf.field, true, true));
    for (const one of scope.fields) {
      const option = new Option(one.label, one.key, false, one.key === leaf.field);
      if (one.group) option.dataset["sub"] = one.group;
      fields.add(option);
    }
    fields.addEventListener("change", () => {
      const next = scope.fields.find((f) => f.key === fields.value);
      if (!next || next.key === leaf.field) return;
      delete leaf.where;
      Object.assign(leaf, fresh(next));
      store();
      redraw();
    });
    const ops = el("select", { class: "form-select", "aria-label": t("fb_op") });
    for (const one of field?.operators ?? []) ops.add(new Option(one.label, one.key, false, one.key === leaf.op));
    ops.addEventListener("change", () => {
      const was = operator?.arity;
      leaf.op = ops.value;
      const now = operatorOf(scope, leaf).operator;
      if (now?.arity !== was || now?.input !== operator?.input) leaf.value = null;
      store();
      redraw();
    });
    const row = el("div", { class: "fb-row" }, el("div", {}, fields), ops, field && operator ? values(leaf, field, operator, scope) : el("span", {}));
    row.append(removeButton(() => siblings.splice(siblings.indexOf(leaf), 1)));
    if (!field?.related || !(field.fields?.length || field.fields_url)) return row;
    if (!leaf.where || !childrenOf(leaf.where).length) return el("div", { class: "stack-sm" }, row, el("div", {}, button("fb_narrow", "btn btn-quiet btn-sm", () => void narrow(leaf, field), "filter")));
    const inner = drawGroup(leaf.where, scopeOf(field), (to) => (leaf.where = to), null, Math.max(level + 1, 2));
    inner.prepend(el("span", { class: "xs muted" }, t("fb_where")));
    return el("div", { class: "stack-sm" }, row, inner);
  };

  /** The first condition on which of the related records count. */
  const narrow = async (leaf: Leaf, field: Field): Promise<void> => {
    field.fields ??= (await getJson<{ fields: Field[] }>(field.fields_url ?? "")).fields;
    const first = field.fields[0];
    leaf.where = { all: first ? [fresh(first)] : [] };
    redraw();
  };

  const values = (leaf: Leaf, field: Field, operator: Operator, scope: Config): HTMLElement => {
    const box = el("div", { class: "vals" });
    const set = (value: Value): void => {
      leaf.value = value;
      store();
    };
    const list = Array.isArray(leaf.value) ? leaf.value : leaf.value === null || leaf.value === undefined ? [] : [leaf.value as string | number];
    const type = operator.input ?? field.type;
    if (operator.arity === 0) return box;
    if (type === "bool") box.append(picker([{ value: "true", label: t("yes") }, { value: "false", label: t("no") }], leaf.value === null || leaf.value === undefined ? [] : [String(leaf.value)], false, scope, field, undefined, (v) => set(v[0] === undefined ? null : v[0] === "true")));
    else if (!operator.input && (field.choices || field.remote_url)) box.append(picker(field.choices ?? [], list.map(String), operator.arity === "many", scope, field, field.remote_url, (v) => set(operator.arity === "many" ? v : v[0] ?? null)));
    else if (operator.arity === 2) {
      const pair: (string | number)[] = [list[0] ?? "", list[1] ?? ""];
      const part = (i: number): HTMLElement => entry(type, pair[i] ?? "", (v) => {
        pair[i] = v;
        set([...pair]);
      });
      box.append(part(0), el("span", { class: "to" }, t("fb_to")), part(1));
    } else if (operator.arity === "many") box.append(picker([], list.map(String), true, scope, field, undefined, (v) => set(v), true));
    else box.append(entry(type, list[0] ?? "", set));
    return box;
  };
  const entry = (type: string, value: string | number, set: (value: string | number) => void): HTMLElement => {
    const numeric = ["number", "money", "percent", "integer"].includes(type);
    const kind = numeric ? "text" : type === "date" ? "date" : type === "datetime" ? "datetime-local" : "text";
    const input = el("input", { class: `form-control${numeric ? " num" : ""}`, type: kind, value: String(value), "aria-label": t("fb_value"), ...(numeric ? { inputmode: "decimal" } : {}) });
    input.addEventListener("input", () => {
      const text = input.value.trim().replaceAll(",", "");
      set(numeric && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : input.value);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || inline) return;
      event.preventDefault();
      apply();
    });
    return input;
  };
  const picker = (choices: { value: string; label: string; color?: string }[], chosen: string[], many: boolean, scope: Config, field: Field, url: string | undefined, set: (values: string[]) => void, create = false): HTMLElement => {
    const select = el("select", { class: "form-select", "data-island": "combo", multiple: many, "aria-label": t("fb_value"), ...(url ? { "data-url": url } : {}), ...(create ? { "data-create": "true" } : {}) });
    if (!many) select.add(new Option("", ""));
    for (const c of choices) {
      const option = new Option(c.label, String(c.value), false, chosen.includes(String(c.value)));
      if (c.color) option.dataset["color"] = c.color;
      select.add(option);
    }
    const labels = ((scope.labels ??= bare())[field.key] ??= bare());
    for (const value of chosen) if (!choices.some((c) => String(c.value) === value)) select.add(new Option(labels[value] ?? value, value, true, true));
    select.addEventListener("change", () => {
      const options = [...select.selectedOptions].filter((o) => o.value !== "");
      for (const option of options) labels[option.value] = option.text;
      set(options.map((o) => o.value));
    });
    return el("div", {}, select);
  };

  /* ── popover ── */
  const unfold = (): void => {
    closeMenu();
    if (!childrenOf(tree).length && config.fields[0]) childrenOf(tree).push(fresh(config.fields[0]));
    pop.classList.add("show");
    redraw();
    place(pop, opener);
    opener.setAttribute("aria-expanded", "true");
  };
  const shut = (): void => {
    pop.classList.remove("show");
    opener.setAttribute("aria-expanded", "false");
  };
  const outside = (event: Event): void => {
    if (!inline && pop.classList.contains("show") && event.target instanceof Element && event.target.isConnected && !host.contains(event.target)) shut();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented || !pop.classList.contains("show")) return;
    event.preventDefault();
    shut();
    opener.focus();
  };
  const stop = (event: Event): void => {
    if (event.target !== hidden) event.stopPropagation(); // inner controls must not submit a filter bar that listens to change
  };
  for (const name of ["input", "change"]) pop.addEventListener(name, stop);
  opener.addEventListener("click", () => (pop.classList.contains("show") ? shut() : unfold()));
  document.addEventListener("pointerdown", outside);
  host.addEventListener("keydown", onKey);
  stage.replaceChildren(...(inline ? [pop] : [chips, pop]));
  if (inline) redraw();
  else paintChips();
  return () => document.removeEventListener("pointerdown", outside);
}

function button(key: string, cls: string, run: () => void, symbol = ""): HTMLElement {
  const node = el("button", { type: "button", class: cls }, symbol ? icon(symbol, 14) : null, t(key));
  node.addEventListener("click", run);
  return node;
}
