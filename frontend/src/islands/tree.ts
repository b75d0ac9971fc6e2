/** The condition tree of the product, {all|any|not:[…]} with leaves {field, op, value}, and its words. Pure. */
import { t } from "../core/i18n";

export type Value = string | number | boolean | null | (string | number)[];
export interface Leaf {
  field: string;
  op: string;
  value?: Value;
}
export type Kind = "all" | "any" | "not";
export type Group = { all: Node[] } | { any: Node[] } | { not: Node[] };
export type Node = Leaf | Group;

export interface Choice {
  value: string;
  label: string;
  color?: string;
}
export interface Operator {
  key: string;
  label: string;
  arity: 0 | 1 | 2 | "many";
  /** how it reads with its value, such as "早于 {0} 天前"; otherwise label then value */
  text?: string;
  /** what is typed when it differs from the field's own type, such as "number" for "早于 N 天前" */
  input?: string;
}
export interface Field {
  key: string;
  label: string;
  group?: string;
  type: string;
  operators: Operator[];
  choices?: Choice[];
  remote_url?: string;
}
export interface Config {
  fields: Field[];
  /** labels of remote values already in the tree: {field: {value: label}} */
  labels?: Record<string, Record<string, string>>;
}

export const isLeaf = (node: Node): node is Leaf => "field" in node;
export function kindOf(group: Group): Kind {
  return "all" in group ? "all" : "any" in group ? "any" : "not";
}
export function childrenOf(group: Group): Node[] {
  const found = "all" in group ? group.all : "any" in group ? group.any : group.not;
  // a kernel that keeps a single node under "not" reads the same
  return Array.isArray(found) ? found : [found];
}
export const makeGroup = (kind: Kind, nodes: Node[]): Group => ({ [kind]: nodes }) as unknown as Group;

/** Whatever was stored becomes a group at the root. */
export function rooted(tree: Node | null | undefined): Group {
  if (!tree) return { all: [] };
  return isLeaf(tree) ? { all: [tree] } : tree;
}

export function operatorOf(config: Config, leaf: Leaf): { field: Field | undefined; operator: Operator | undefined } {
  const field = config.fields.find((f) => f.key === leaf.field);
  return { field, operator: field?.operators.find((o) => o.key === leaf.op) };
}

const asList = (value: Value | undefined): (string | number)[] => (Array.isArray(value) ? value : value === undefined || value === null || value === "" ? [] : [typeof value === "boolean" ? String(value) : value]);

export function complete(config: Config, leaf: Leaf): boolean {
  const { operator } = operatorOf(config, leaf);
  if (!operator) return false;
  const values = asList(leaf.value).filter((v) => v !== "");
  return operator.arity === 0 || (operator.arity === 2 ? values.length === 2 : values.length > 0);
}

/** Without half-filled conditions and empty groups; null when nothing is left. */
export function pruned(config: Config, node: Node): Node | null {
  if (isLeaf(node)) return complete(config, node) ? node : null;
  const kept = childrenOf(node).map((child) => pruned(config, child)).filter((child): child is Node => child !== null);
  return kept.length ? makeGroup(kindOf(node), kept) : null;
}

export function wordFor(config: Config, field: Field, value: string | number): string {
  const text = String(value);
  if (field.type === "bool") return t(text === "true" || text === "1" ? "yes" : "no");
  const choice = field.choices?.find((c) => String(c.value) === text);
  if (choice) return choice.label;
  const known = config.labels?.[field.key]?.[text];
  if (known) return known;
  return field.type === "money" && !Number.isNaN(Number(text)) ? `¥ ${Number(text).toLocaleString("en")}` : text;
}

/** The three parts of the sentence: 城市 | 是 | 上海、苏州. */
export function sentence(config: Config, leaf: Leaf): { field: string; op: string; value: string } {
  const { field, operator } = operatorOf(config, leaf);
  if (!field || !operator) return { field: t("fb_gone", { key: leaf.field }), op: "", value: "" };
  const typed: Field = operator.input ? { ...field, type: operator.input, choices: [] } : field;
  const words = asList(leaf.value).map((v) => wordFor(config, typed, v));
  if (operator.arity === 0) return { field: field.label, op: operator.label, value: "" };
  if (operator.text) return { field: field.label, op: "", value: operator.text.replace(/\{(\d)\}/g, (_, i: string) => words[Number(i)] ?? "") };
  const shown = words.length > 3 ? [...words.slice(0, 3), `+${words.length - 3}`] : words;
  return { field: field.label, op: operator.label, value: operator.arity === 2 ? words.join(" – ") : shown.join(t("list_sep")) };
}
