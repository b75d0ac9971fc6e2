/**
 * The condition tree of the product and its words. Pure.
 *
 * Stored (what the server's query compiler reads): {all|any: [tree…]} | {not: tree} | {field, op, value}
 * | {related, where, agg, of, op, value}. Edited here: groups always hold a list ("not" means none of them) and a
 * related condition is a leaf on a field that knows its relation, so the builder has two shapes only.
 */
import { t } from "../core/i18n";

export type Value = string | number | boolean | null | (string | number)[];
export interface Leaf {
  field: string;
  op: string;
  value?: Value;
  /** which related records count; only on fields with `related` */
  where?: Group;
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
  /** a figure over related records: the relation ("order.customer"), count|sum|max|min, of which field, and the fields of the related object */
  related?: string;
  agg?: string;
  of?: string;
  fields?: Field[];
  /** where `fields` come from when somebody asks for them */
  fields_url?: string;
  labels?: Record<string, Record<string, string>>;
}
/** One object's fields; a related field opens an inner scope. */
export interface Config {
  fields: Field[];
  /** labels of remote values already in the tree: {field: {value: label}} */
  labels?: Record<string, Record<string, string>>;
  /** the fields of related objects that the tree names, by relation */
  inner?: Record<string, { fields: Field[]; labels: Record<string, Record<string, string>> }>;
}

/** Puts what the page knows of related objects where the builder looks for it. */
export function withInner(config: Config): Config {
  for (const field of config.fields) {
    const known = field.related && (field.agg ?? "count") === "count" ? config.inner?.[field.related] : undefined;
    if (known) Object.assign(field, known);
  }
  return config;
}

export const isLeaf = (node: Node): node is Leaf => "field" in node;
export function kindOf(group: Group): Kind {
  return "all" in group ? "all" : "any" in group ? "any" : "not";
}
export const childrenOf = (group: Group): Node[] => ("all" in group ? group.all : "any" in group ? group.any : group.not);
export const makeGroup = (kind: Kind, nodes: Node[]): Group => ({ [kind]: nodes }) as unknown as Group;
export const scopeOf = (field: Field): Config => ({ fields: field.fields ?? [], labels: (field.labels ??= {}) });

/* ── between the stored shape and the edited one ── */
export interface Stored {
  all?: Stored[];
  any?: Stored[];
  not?: Stored;
  field?: string;
  related?: string;
  where?: Stored;
  agg?: string;
  of?: string;
  op?: string;
  value?: Value;
}

export function inward(config: Config, raw: Stored): Node {
  if (raw.all) return { all: raw.all.map((n) => inward(config, n)) };
  if (raw.any) return { any: raw.any.map((n) => inward(config, n)) };
  if (raw.not) return { not: (raw.not.any ?? [raw.not]).map((n) => inward(config, n)) };
  const leaf: Leaf = { field: raw.field ?? "", op: raw.op ?? "", value: raw.value ?? null };
  if (!raw.related) return leaf;
  const field = config.fields.find((f) => f.related === raw.related && (f.agg ?? "count") === (raw.agg ?? "count") && (f.of ?? "") === (raw.of ?? ""));
  leaf.field = field?.key ?? raw.related;
  if (raw.where && field) leaf.where = rooted(scopeOf(field), raw.where);
  return leaf;
}

export function outward(config: Config, node: Node): Stored {
  if (!isLeaf(node)) {
    const nodes = childrenOf(node);
    const out = nodes.map((n) => outward(config, n));
    if ("not" in node) return { not: out.length === 1 && out[0] ? out[0] : { any: out } };
    return "all" in node ? { all: out } : { any: out };
  }
  const { field, operator } = operatorOf(config, node);
  const test = { op: node.op, ...(operator?.arity === 0 ? {} : { value: node.value ?? null }) };
  if (!field?.related) return { field: node.field, ...test };
  const where = node.where && pruned(scopeOf(field), node.where);
  return { related: field.related, agg: field.agg ?? "count", ...(field.of ? { of: field.of } : {}), ...(where ? { where: outward(scopeOf(field), where) } : {}), ...test };
}

/** Whatever was stored becomes a group at the root. */
export function rooted(config: Config, raw: Stored | null | undefined): Group {
  if (!raw) return { all: [] };
  const node = inward(config, raw);
  return isLeaf(node) ? { all: [node] } : node;
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

/** Without half-filled conditions and empty groups; null when nothing is left. What is not known any more is kept: the server says so. */
export function pruned(config: Config, node: Node): Node | null {
  if (isLeaf(node)) return complete(config, node) || !operatorOf(config, node).field ? node : null;
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

/** A group on one line: 城市 是 上海 且 (…). */
export function spoken(config: Config, group: Group): string {
  const kind = kindOf(group);
  const parts = childrenOf(group).map((node) => {
    if (!isLeaf(node)) return `(${spoken(config, node)})`;
    const words = sentence(config, node);
    return [words.field, words.op, words.value].filter(Boolean).join(" ");
  });
  return (kind === "not" ? `${t("fb_not")} ` : "") + parts.join(` ${t(kind === "all" ? "fb_and" : "fb_or")} `);
}

/** The three parts of the sentence: 城市 | 是 | 上海、苏州. */
export function sentence(config: Config, leaf: Leaf): { field: string; op: string; value: string } {
  const { field, operator } = operatorOf(config, leaf);
  if (!field || !operator) return { field: t("fb_gone", { key: leaf.field }), op: "", value: "" };
  if (field.related && leaf.where) {
    const where = pruned(scopeOf(field), leaf.where);
    const { where: _, ...bare } = leaf;
    const words = sentence(config, bare);
    return where && !isLeaf(where) ? { ...words, field: `${field.label}（${spoken(scopeOf(field), where)}）` } : words;
  }
  const typed: Field = operator.input ? { ...field, type: operator.input, choices: [] } : field;
  const words = asList(leaf.value).map((v) => wordFor(config, typed, v));
  if (operator.arity === 0) return { field: field.label, op: operator.label, value: "" };
  if (operator.text) return { field: field.label, op: "", value: operator.text.replace(/\{(\d)\}/g, (_, i: string) => words[Number(i)] ?? "") };
  const shown = words.length > 3 ? [...words.slice(0, 3), `+${words.length - 3}`] : words;
  return { field: field.label, op: operator.label, value: operator.arity === 2 ? words.join(" – ") : shown.join(t("list_sep")) };
}
